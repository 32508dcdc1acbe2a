/** The programs of a control plane beside etcd and the API server, and the certificates of all of them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiServer, apiServerFlags, etcdFlags } from './apiserver.ts';
import type { Component } from './component.ts';
import type { Machine } from './machine.ts';
import { admin, CertificateAuthority } from './pki.ts';

const controllers = ['kube-controller-manager', 'kube-scheduler'] as const;
export type ControllerName = (typeof controllers)[number];

/** The two programs that act on what the API server holds, not started yet. */
export async function createControllers(
  machine: Machine,
  pki: CertificateAuthority,
  url: string,
  programs: Record<ControllerName, string>,
): Promise<Record<ControllerName, Component>> {
  for (const name of controllers) await pki.kubeconfig(name, url, join(machine.spec.dir, `${name}.kubeconfig`));
  const create = (name: ControllerName, flags: readonly string[]) =>
    machine.component(name, programs[name], [`--kubeconfig=${name}.kubeconfig`, '--leader-elect=false', ...flags]);
  const accounts = [
    '--service-account-private-key-file=pki/sa.key',
    '--root-ca-file=pki/ca.crt',
    '--use-service-account-credentials=true',
  ];
  return {
    'kube-controller-manager': create('kube-controller-manager', accounts),
    'kube-scheduler': create('kube-scheduler', []),
  };
}

/** The authority of a cluster whose API server has this address, with a certificate for each of its programs. */
export async function createPki(dir: string, address: string): Promise<CertificateAuthority> {
  const pki = await CertificateAuthority.create(join(dir, 'pki'));
  const names = [
    'IP:127.0.0.1',
    `IP:${address}`,
    'IP:10.96.0.1',
    'DNS:localhost',
    'DNS:kubernetes.default.svc',
    'DNS:kubernetes.default',
  ];
  await Promise.all([
    pki.issue(admin),
    pki.issue({ name: 'apiserver', commonName: 'kube-apiserver', organization: 'atoll', alternativeNames: names }),
    ...['kube-controller-manager', 'kube-scheduler', 'kube-proxy'].map((name) =>
      pki.issue({ name, commonName: `system:${name}`, organization: 'atoll' }),
    ),
  ]);
  return pki;
}

/** etcd and the API server on a machine, not started yet. */
export async function createApi(
  machine: Machine,
  pki: CertificateAuthority,
  url: string,
  programs: { etcd: string; 'kube-apiserver': string; kubectl: string },
  flags: readonly string[],
): Promise<ApiServer> {
  const { dir } = machine.spec;
  const kubeconfigPath = join(dir, 'kubeconfig');
  await pki.kubeconfig('admin', url, kubeconfigPath);
  const [ca = '', certificate = '', key = ''] = await Promise.all(
    ['ca.crt', 'admin.crt', 'admin.key'].map((file) => readFile(pki.path(file), 'utf8')),
  );
  const server = [
    ...apiServerFlags(),
    '--secure-port=6443',
    '--bind-address=0.0.0.0',
    `--advertise-address=${machine.address}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--kubelet-client-certificate=pki/admin.crt',
    '--kubelet-client-key=pki/admin.key',
    '--kubelet-certificate-authority=pki/ca.crt',
    '--kubelet-preferred-address-types=InternalIP',
    ...flags,
  ];
  return new ApiServer({
    dir,
    url,
    kubeconfigPath,
    credentials: { ca, certificate, key },
    etcd: machine.component('etcd', programs.etcd, etcdFlags()),
    server: machine.component('kube-apiserver', programs['kube-apiserver'], server),
    kubectl: programs.kubectl,
    remove: async () => {},
  });
}

/** The operator's HTTP port: liveness, readiness and metrics, for the kubelet and Prometheus. Nothing here needs a credential. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';

export interface ProbesOptions {
  /** TCP port; 0 takes a free one. */
  port: number;
  /** What /metrics shows, one after the other; no metric is in two. */
  registries: readonly Registry[];
  ready: () => boolean;
}

export interface Probes extends AsyncDisposable {
  readonly port: number;
}

/** Serves `/healthz`, `/readyz` and `/metrics` until disposed. */
export async function serveProbes(options: ProbesOptions): Promise<Probes> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    switch (request.url) {
      case '/healthz':
        answer(200, 'ok\n');
        break;
      case '/readyz':
        if (options.ready()) answer(200, 'ok\n');
        else answer(503, 'cannot work yet: the stores are being filled, or have heard nothing for three minutes\n');
        break;
      case '/metrics':
        Promise.all(options.registries.map((registry) => registry.metrics())).then(
          (texts) => answer(200, texts.join('\n'), Registry.PROMETHEUS_CONTENT_TYPE),
          (error: unknown) => answer(500, `cannot collect metrics: ${String(error)}\n`),
        );
        break;
      default:
        answer(404, 'not found: /healthz, /readyz and /metrics are here\n');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

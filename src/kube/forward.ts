/** One local port that leads to a port of a pod, through the API server and with the rights of the kubeconfig's user. */
import { createServer, type Socket } from 'node:net';
import { PortForward } from '@kubernetes/client-node';
import { messageOf } from './errors.ts';
import { loadConfig } from './kubeconfig.ts';
import type { ObjectKey } from './types.ts';

export interface Forward {
  /** On 127.0.0.1. */
  port: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

export interface ForwardOptions {
  /** The service account of the pod this runs in when absent. */
  kubeconfig?: string | undefined;
  context?: string | undefined;
  pod: ObjectKey;
  /** Port of the pod. */
  port: number;
  /** Port to listen on; 0 takes a free one. */
  localPort?: number;
  /** Told why a connection could not be made. */
  onFailure?: (why: string) => void;
}

/** Listens until closed; each connection to it becomes one to the pod. */
export async function forward(options: ForwardOptions): Promise<Forward> {
  const { pod, port, localPort = 0, onFailure = () => {} } = options;
  const config = loadConfig(options);
  const through = new PortForward(config);
  const open = new Set<Socket>();

  async function connect(socket: Socket): Promise<void> {
    const wire = await through.portForward(pod.namespace ?? '', pod.name, [port], socket, null, socket);
    if (typeof wire === 'function') throw new Error('the connection to the API server was not made');
    wire.addEventListener('close', () => socket.end());
    wire.addEventListener('error', ({ message }: { message: string }) => {
      onFailure(message);
      socket.destroy();
    });
    socket.once('close', () => wire.close());
  }

  const server = createServer((socket) => {
    open.add(socket);
    // A browser that goes away, and a wire that breaks, end both sides.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => open.delete(socket));
    connect(socket).catch((error: unknown) => {
      onFailure(messageOf(error));
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(localPort, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : localPort,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Stands for the courier's HTTP server: the agent reaches it by the port of its pod, as long as the courier's process lives. */
import { createHash } from 'node:crypto';
import type { CourierServer, CourierServerOptions } from '../../../src/courier/server.ts';

const listening = new Map<number, CourierServerOptions>();

export async function startCourierServer(options: CourierServerOptions): Promise<CourierServer> {
  listening.set(options.port, options);
  return {
    port: options.port,
    close: async () => {
      if (listening.get(options.port) === options) listening.delete(options.port);
    },
  };
}

/** Answers as the server would: its report, or undefined when nobody listens or the bearer is wrong. */
export function askCourier(port: number, token: string): CourierServerOptions | undefined {
  const server = listening.get(port);
  if (!server || createHash('sha256').update(token).digest('hex') !== server.tokenSha256) return undefined;
  return server;
}

/** The process behind the port died. */
export function hangUp(port: number): void {
  listening.delete(port);
}

export function resetServers(): void {
  listening.clear();
}

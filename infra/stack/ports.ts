/** Ports for the local stack: below the kernel's ephemeral range, so that no outgoing connection takes one. */
import { createServer } from 'node:net';

const LOWEST = 10_000;
const HIGHEST = 31_999;

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });

export interface Ports {
  /** A port that is free now, and is not handed out again by this process. */
  next(): Promise<number>;
}

const handedOut = new Set<number>();

/** Ports from `base` on, or random ones. */
export function createPorts(base?: number): Ports {
  let following = base;
  const candidate = () =>
    following === undefined ? LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1)) : following++;
  return {
    next: async () => {
      for (let tries = 0; tries < 2_000; tries++) {
        const port = candidate();
        if (port > 65_535) break;
        if (handedOut.has(port)) continue;
        handedOut.add(port);
        if (await isFree(port)) return port;
      }
      throw new Error('no free port was found');
    },
  };
}

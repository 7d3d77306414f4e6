/** Ports for the local stack: below the kernel's ephemeral range, so that no outgoing connection takes one. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const LOWEST = 10_000;
const HIGHEST = 31_999;

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });

/**
 * Several processes take ports at the same time, and between a port's choice and its use any of them might
 * choose it too. So whoever chooses it holds the UDP port of that number, which nobody else uses, to its end.
 */
const reserve = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      socket.unref();
      resolve(true);
    });
  });

export interface Ports {
  /** A port that is free now, and is not handed out again while this process lives. */
  next(): Promise<number>;
}

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
        if ((await isFree(port)) && (await reserve(port))) return port;
      }
      throw new Error('no free port was found');
    },
  };
}

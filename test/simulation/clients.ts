/**
 * Clients in a steady state: not an object each, but a draw each. A node's clients are spread over the
 * services; of those that a change reaches a part is measured, each time another one: every client once.
 */
import { createHistogram, type Histogram } from './histogram.ts';
import { drawDelay } from './link.ts';
import { CLIENT, SEND_MS } from './places.ts';
import { SERVICES, type World } from './world.ts';

export interface ClientDelays {
  /** From the commit to the client. */
  readonly delays: Histogram;
  /** A node sends change `number` to its clients, so long after its commit. */
  sent(number: number, afterMs: number): void;
}

/** `changes` is how many there will be; a multiple of the number of services. */
export function createClientDelays(world: World, clientsPerNode: number, changes: number): ClientDelays {
  const random = world.random.fork(4);
  const delays = createHistogram();
  const rounds = changes / SERVICES.length;
  return {
    delays,
    sent: (number, afterMs) => {
      const service = number % SERVICES.length;
      const audience = Math.ceil((clientsPerNode - service) / SERVICES.length);
      const round = Math.floor(number / SERVICES.length);
      for (let client = round; client < audience; client += rounds)
        delays.add(afterMs + client * SEND_MS + drawDelay(random, CLIENT));
    },
  };
}

/** A client in a storm: waits within the window that its node gave it, then tries any node, with the real backoff. */
import { createBackoff } from '@quantivista/runtime';
import { EVENT } from './event-log.ts';
import type { Attempt, FrontDoor } from './front-door.ts';
import { drawDelay } from './link.ts';
import { CLIENT } from './places.ts';
import type { Random } from './random.ts';
import type { StormRecord } from './storm-record.ts';
import { createWatcher, type Watcher } from './watcher.ts';
import { SERVICES, type World } from './world.ts';

/** How clients of the kind behave; what they do without it is what the storm is compared with. */
export interface Manners {
  /** Wait a random time within the node's reconnect window before the first attempt. */
  readonly window: boolean;
  /** Backoff at random below its bound, not at the bound. */
  readonly jitter: boolean;
}

export interface StormClient {
  readonly watcher: Watcher;
  /** The first connection, or the next one after the stream was lost. */
  connect(): void;
  /** The network cuts the stream; nobody tells the client more. */
  lose(): void;
  /** It goes, and does not come back. */
  end(): void;
}

export interface StormClientOptions {
  readonly world: World;
  readonly number: number;
  /** The nodes that are there at any time: a balancer picks one at random. */
  readonly standing: readonly FrontDoor[];
  readonly manners: Manners;
  readonly record: StormRecord;
  readonly random: Random;
}

export function createStormClient(options: StormClientOptions): StormClient {
  const { world, number, standing, manners, record, random } = options;
  const { clock, events } = world;
  const backoff = createBackoff({ ...(!manners.jitter && { random: () => 1 }) });
  let leave: (() => void) | undefined;
  let ended = false;

  function connect(): void {
    const door = standing[Math.floor(random.uniform() * standing.length)];
    if (door) {
      record.attempted(door);
      clock.after(drawDelay(random, CLIENT), () => door.knock(watcher, attempt => settle(door, attempt)));
    } else {
      record.failed();
      again(0);
    }
  }
  function again(atLeastMs: number): void {
    clock.after(atLeastMs + backoff.next(), connect);
  }
  function settle(door: FrontDoor, attempt: Attempt): void {
    if (attempt.kind === 'admitted') {
      backoff.reset();
      leave = () => attempt.hub.leave(watcher);
      events.add(EVENT.admitted, number, 0);
      record.admitted(door);
    } else if (attempt.kind === 'refused') {
      events.add(EVENT.refused, number, attempt.retryAfterMs);
      record.refused();
      again(attempt.retryAfterMs);
    } else {
      record.failed();
      again(0);
    }
  }
  function lost(): void {
    leave = undefined;
    record.lost();
    if (ended) return;
    clock.after(manners.window ? random.uniform() * watcher.reconnectWindowMs : 0, connect);
  }

  const watcher = createWatcher({ world, service: SERVICES[number % SERVICES.length]!, onClose: lost });
  return {
    watcher,
    connect,
    lose: () => {
      leave?.();
      lost();
    },
    end: () => {
      ended = true;
      leave?.();
    },
  };
}

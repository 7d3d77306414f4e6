/**
 * The way into a node for its watchers: a queue of handshakes, which takes so long for each and holds so
 * many, then the real admission and the real hub.
 */
import { EVERYTHING, formatBookmark, ServiceError } from '@quantivista/contracts';
import type { Replica } from '../../apps/read-node/src/follow/replica.ts';
import { createReadAccess } from '../../apps/read-node/src/serve/read-access.ts';
import { createAdmitter, STREAM_PATHS } from '../../apps/read-node/src/serve/watch/admit.ts';
import { createHub, type Hub } from '../../apps/read-node/src/serve/watch/hub.ts';
import type { Watcher } from './watcher.ts';
import type { World } from './world.ts';

/** What comes of an attempt. */
export type Attempt =
  | { readonly kind: 'admitted'; readonly hub: Hub }
  /** 503, with Retry-After. */
  | { readonly kind: 'refused'; readonly retryAfterMs: number }
  /** No answer within the client's patience. */
  | { readonly kind: 'failed' };

export interface FrontDoor {
  readonly hub: Hub;
  knock(watcher: Watcher, answer: (attempt: Attempt) => void): void;
  /** The node ends: its streams are closed one by one, and nobody is let in. */
  close(): void;
  open(): void;
}

/** 2,000 handshakes a second, the rate that the hub's reconnect window reckons with. */
const HANDSHAKE_MS = 0.5;
/** Connections that wait for their handshake; more are dropped, as a full listen queue drops them. */
const BACKLOG = 511;
const PATIENCE_MS = 3_000;

export function createFrontDoor(world: World, replica: Replica, maxWatchers: number): FrontDoor {
  const { clock } = world;
  const access = createReadAccess(replica, 'open');
  const openHub = () => {
    const hub = createHub({ replica, heartbeatMs: 2_000 });
    const scope = EVERYTHING;
    const anyone = { allows: () => true };
    const origins = { topics: anyone, notices: anyone };
    const limits = { origins, maxWatchers, maxAdmissionsPerSecond: 5_000, maxWaitMs: 5_000 };
    return { hub, admitter: createAdmitter({ replica, scope, access, hub, ...limits }) };
  };
  let { hub, admitter } = openHub();
  let up = true;
  let busyUntil = 0;

  async function serve(watcher: Watcher): Promise<Attempt> {
    if (!up) return { kind: 'failed' };
    const { transport, service, bookmark } = watcher;
    const since = bookmark && formatBookmark(bookmark);
    const query = new URLSearchParams({ environment: 'PRODUCTION', ...(since !== undefined && { since }) });
    const target = `${STREAM_PATHS[transport]}/${service}?${query}`;
    try {
      const request = {
        transport,
        target,
        credential: null,
        lastEventId: null,
        origin: null,
        address: () => undefined,
      };
      hub.join(watcher, await admitter.admit(request));
      return { kind: 'admitted', hub };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return { kind: 'refused', retryAfterMs: (error.retryAfterS ?? 0) * 1_000 };
    }
  }

  return {
    get hub() {
      return hub;
    },
    knock: (watcher, answer) => {
      busyUntil = Math.max(busyUntil, clock.now());
      if (busyUntil - clock.now() > BACKLOG * HANDSHAKE_MS) {
        clock.after(PATIENCE_MS, () => answer({ kind: 'failed' }));
        return;
      }
      busyUntil += HANDSHAKE_MS;
      clock.after(busyUntil - clock.now(), () => void serve(watcher).then(answer));
    },
    close: () => {
      up = false;
      void hub.drain();
    },
    open: () => {
      up = true;
      ({ hub, admitter } = openHub());
    },
  };
}

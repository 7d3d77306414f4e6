/** What all parts of one simulation share: its clock, its chance, the centre, and what was seen to be wrong. */

import { COMMIT_KEY, type CommitNote, configurationKey, GENERATION_KEY } from '@quantivista/contracts';
import { silentLog } from '@quantivista/runtime';
import { createStoreFollower } from '../../apps/authority/src/follow/store-follower.ts';
import { createHeartbeat } from '../../apps/authority/src/heartbeat.ts';
import { createMemoryAudit } from '../../apps/authority/test/memory-audit.ts';
import { type CentreLoad, createCentreLoad } from './centre-load.ts';
import { createEventLog, EVENT, type EventLog } from './event-log.ts';
import { createLink } from './link.ts';
import { BESIDE, COMMIT_MS } from './places.ts';
import { createRandom, type Random } from './random.ts';
import { createSimulatedEtcd } from './simulated-etcd.ts';
import { createSimulatedStore, type SimulatedStore } from './simulated-store.ts';
import { installVirtualClock, type VirtualClock } from './virtual-clock.ts';

export interface World {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly events: EventLog;
  readonly store: SimulatedStore;
  readonly load: CentreLoad;
  /** Begin to beat, each second, as the authority does. Answers how to stop. */
  beat(): () => void;
  /** Send off a change of one configuration, of each service in turn, as the authority's transaction makes it. */
  change(): void;
  /** The revisions that such changes were committed in, and their numbers: number n is of service n % 4. */
  readonly changes: ReadonlyMap<number, number>;
  /** What must never happen did. */
  violated(what: string): void;
  readonly violations: readonly string[];
}

export const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
export const SERVICES = ['pricing', 'risk', 'orders', 'limits'] as const;
export const KEYS_PER_SERVICE = 2;

const record = (service: string, version: number): string =>
  JSON.stringify({ config_value: `${service} ${version}`, value_type: 'STRING', version, updated_by: 'ops' });

/** Run a simulation under a virtual clock, which is gone afterwards whatever happens. */
export async function inWorld<T>(seed: number, run: (world: World) => Promise<T>): Promise<T> {
  const random = createRandom(seed);
  const clock = installVirtualClock(random.fork(1).uniform);
  try {
    return await run(createWorld(clock, random));
  } finally {
    clock.restore();
  }
}

function createWorld(clock: VirtualClock, random: Random): World {
  const events = createEventLog(clock.now);
  const load = createCentreLoad(clock.now);
  const changes = new Map<number, number>();
  const store = createSimulatedStore({
    now: clock.now,
    onCommitted: ({ revision, events: changed }) => {
      events.add(EVENT.committed, revision, changed.length);
      const note = changed.find(({ key }) => key === COMMIT_KEY)?.value;
      if (note !== undefined) changes.set(revision, Number((JSON.parse(note) as CommitNote).id));
    },
  });
  const link = createLink({ clock, random: random.fork(2), profile: BESIDE });
  // What the authority asks of the centre is not what the regions cost it.
  const own = createCentreLoad(clock.now);
  const etcd = createSimulatedEtcd({ clock, store, link, load: own, commitMs: COMMIT_MS });
  const violations: string[] = [];
  let sent = 0;

  const path = (service: string, number: number) =>
    configurationKey({ environment: 'PRODUCTION', service, key: `key_${number}` });
  const put = (key: string, value: string) => ({ op: 'put', key, value }) as const;
  store.txn({ compare: [], success: [put(GENERATION_KEY, GENERATION)] });
  for (const service of SERVICES) {
    const keys = Array.from({ length: KEYS_PER_SERVICE }, (_, number) => path(service, number));
    store.txn({ compare: [], success: keys.map(key => put(key, record(service, 1))) });
  }

  return {
    clock,
    random,
    events,
    store,
    load,
    violations,
    violated: what => {
      if (violations.length < 20) violations.push(`at ${clock.now().toFixed(1)} ms: ${what}`);
    },
    beat: () => {
      const stop = new AbortController();
      const { audit } = createMemoryAudit();
      const follower = createStoreFollower({ etcd, log: silentLog, checkListMs: 30_000 });
      const heartbeat = createHeartbeat({
        etcd,
        audit,
        log: silentLog,
        intervalMs: 1_000,
        store: follower,
      });
      for (const each of [follower, heartbeat]) void each.run(stop.signal);
      return () => stop.abort();
    },
    changes,
    change: () => {
      const service = SERVICES[sent % SERVICES.length]!;
      const number = sent++;
      const note: CommitNote = {
        id: String(number),
        updated_by: 'ops',
        reason: 'simulated',
        rollback_available: true,
        at: Date.now(),
      };
      const success = [
        put(COMMIT_KEY, JSON.stringify(note)),
        put(path(service, number % KEYS_PER_SERVICE), record(service, number + 2)),
      ];
      // Where the centre is away the change is not made: nobody has promised it.
      etcd.txn({ compare: [], success }).catch(() => {});
    },
  };
}

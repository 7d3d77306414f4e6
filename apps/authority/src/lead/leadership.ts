/**
 * One authority of several does what needs to be done once: delivery, schedules, sealing the trail. A lease in
 * etcd names it. It stops by its own clock before the lease can have run out, whether or not etcd answers; what
 * the leader does must still be safe if two do it, since a process may be paused between looking and acting.
 */
import { AUTHORITY_PREFIX } from '@quantivista/contracts';
import type { Etcd, Lease } from '@quantivista/etcd';
import { type Log, pause } from '@quantivista/runtime';

export const LEADER_KEY = `${AUTHORITY_PREFIX}leader`;

export interface LeadershipOptions {
  readonly etcd: Etcd;
  readonly log: Log;
  /** Shown in etcd as the leader. */
  readonly name: string;
  /** The lease's time to live: how long nobody leads after a leader was killed. @default 3 */
  readonly ttlS?: number;
}

export interface Leadership {
  /** Whether this process leads, at this moment. */
  readonly leading: boolean;
  /** Runs until `signal` aborts, and lets go of the lease then. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

export function createLeadership({ etcd, log, name, ttlS = 3 }: LeadershipOptions): Leadership {
  const ttlMs = ttlS * 1_000;
  /** By the monotonic clock; 0 while another leads. */
  let untilMs = 0;

  /** Of the time when the lease was last renewed at the latest: before that was sent. */
  const leadFrom = (sentAt: number) => {
    untilMs = sentAt + ttlMs * 0.7;
  };

  /** Become the leader, unless there is one. */
  async function campaign(): Promise<Lease | undefined> {
    const { entries } = await etcd.read([LEADER_KEY]);
    if (entries[0]) return undefined;
    const sentAt = performance.now();
    const lease = await etcd.lease(ttlS);
    const { succeeded } = await etcd.txn({
      compare: [{ key: LEADER_KEY, target: 'create', is: 0 }],
      success: [{ op: 'put', key: LEADER_KEY, value: name, lease: lease.id }],
    });
    if (!succeeded) {
      await lease.revoke();
      return undefined;
    }
    leadFrom(sentAt);
    log.info({ leader: name }, 'this authority leads');
    return lease;
  }

  /** Keep leading until the lease or the key is lost, or `signal` aborts. */
  async function hold(lease: Lease, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(ttlMs / 4, signal);
      const sentAt = performance.now();
      try {
        if (!(await lease.keepAlive())) return;
        const { entries } = await etcd.read([LEADER_KEY]);
        // A store that was wiped or restored may know the lease, and another leader.
        if (entries[0]?.value !== name) return;
        leadFrom(sentAt);
      } catch {
        if (performance.now() > untilMs) return;
      }
    }
  }

  return {
    get leading() {
      return performance.now() < untilMs;
    },
    run: async signal => {
      while (!signal.aborted) {
        let lease: Lease | undefined;
        try {
          lease = await campaign();
          if (lease) await hold(lease, signal);
        } catch (error) {
          log.debug({ err: error }, 'there is no election while etcd does not answer');
        }
        untilMs = 0;
        await lease?.revoke().catch(() => {});
        if (lease && !signal.aborted) log.warn({ leader: name }, 'this authority leads no longer');
        await pause(ttlMs / 4, signal);
      }
    },
  };
}

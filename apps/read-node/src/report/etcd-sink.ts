/**
 * Reports in etcd, each under a lease of its own: a region that falls silent is gone when that runs out. A
 * put by another reporter moves the key to that one's lease, so neither can take away what is the other's.
 */
import { type RegionReport, regionInstancesKey, regionKey, splitInstances } from '@quantivista/contracts';
import type { Etcd, Lease, Operation } from '@quantivista/etcd';
import type { Log } from '@quantivista/runtime';
import type { ReportSink } from './sink.ts';

export interface EtcdSinkOptions {
  readonly etcd: Etcd;
  /** So long after it was last heard of a region is gone. Whole seconds. */
  readonly leaseS: number;
  readonly log: Log;
}

export interface EtcdSink extends ReportSink {
  close(): void;
}

interface Posting {
  report: RegionReport;
  lease: Lease | undefined;
  /** The lists of instances as they stand in etcd under this lease. */
  instances: string | undefined;
  /** When they were put (`performance.now()`). */
  instancesAt: number;
  /** As of when they are right ({@link RegionReport.instances_at}). */
  instancesAsOf: number;
  /** Of its nodes: instances speak of revisions of theirs. */
  generations: string | undefined;
}

/**
 * etcd keeps every version of a key until it is compacted. Lists of instances are large, so they are put
 * again only as often as to write this much: the largest take half a minute, small ones go at once.
 */
const INSTANCE_BYTES_PER_MS = 16;

export function createEtcdSink({ etcd, leaseS, log }: EtcdSinkOptions): EtcdSink {
  const postings = new Map<string, Posting>();
  let renewing = false;

  async function put(posting: Posting): Promise<void> {
    const { head, instances } = splitInstances(posting.report);
    try {
      posting.lease ??= await etcd.lease(leaseS);
      const lease = posting.lease.id;
      const text = JSON.stringify(instances);
      const generations = head.nodes.map(node => node.generation).join();
      const restMs = text.length / INSTANCE_BYTES_PER_MS;
      const isDue =
        posting.instances === undefined ||
        generations !== posting.generations ||
        performance.now() - posting.instancesAt >= restMs;
      const isNews = text !== posting.instances;
      const instancesAsOf = isNews && !isDue ? posting.instancesAsOf : head.at;
      const value = JSON.stringify({ ...head, instances_at: instancesAsOf });
      const success: Operation[] = [{ op: 'put', key: regionKey(head.region), value, lease }];
      const puts = isNews && isDue;
      if (puts) success.push({ op: 'put', key: regionInstancesKey(head.region), value: text, lease });
      await etcd.txn({ compare: [], success });
      Object.assign(posting, { instancesAsOf, generations });
      if (puts) Object.assign(posting, { instances: text, instancesAt: performance.now() });
    } catch (error) {
      // It may be the lease that is lost; one that is not ends by itself.
      forgetLease(posting);
      throw error;
    }
  }
  const forgetLease = (posting: Posting) =>
    Object.assign(posting, { lease: undefined, instances: undefined });

  async function renew(): Promise<void> {
    renewing = true;
    for (const [region, posting] of postings) {
      try {
        const alive = posting.lease && (await posting.lease.keepAlive());
        // Not put again from here: another reporter may have gone on while this process was away.
        if (!alive) forgetLease(posting);
      } catch (error) {
        log.debug({ err: error, region }, 'the lease of a report is not kept alive');
      }
    }
    renewing = false;
  }
  const timer = setInterval(() => renewing || renew(), (leaseS * 1_000) / 3);

  return {
    deliver: report => {
      const posting = postings.get(report.region) ?? {
        report,
        lease: undefined,
        instances: undefined,
        instancesAt: 0,
        instancesAsOf: 0,
        generations: undefined,
      };
      posting.report = report;
      postings.set(report.region, posting);
      return put(posting);
    },
    withdraw: async region => {
      const posting = postings.get(region);
      postings.delete(region);
      await posting?.lease?.revoke();
    },
    handOver: () => postings.clear(),
    close: () => clearInterval(timer),
  };
}

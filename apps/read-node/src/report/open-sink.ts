/** Where a node's settings send the reports of its region, and what it has counted. */
import type { Scope } from '@quantivista/contracts';
import { createEtcd, etcdOptions } from '@quantivista/etcd';
import type { Certificates, Log } from '@quantivista/runtime';
import type { ReadNodeConfig } from '../config.ts';
import { openParents } from '../feed/open-source.ts';
import { createAnyParent } from './any-parent.ts';
import { createEtcdSink } from './etcd-sink.ts';
import { createEtcdSlot } from './impressions/etcd-slot.ts';
import type { ImpressionSink } from './impressions/sink.ts';
import { createParentSink } from './parent-sink.ts';
import type { ReportSink } from './sink.ts';

export interface Sinks {
  readonly sink: ReportSink;
  readonly impressionSink: ImpressionSink;
  close(): void;
}

export function openSinks(config: ReadNodeConfig, certificates: Certificates, scope: Scope, log: Log): Sinks {
  if (!config.ETCD_URLS) {
    const any = createAnyParent(openParents(config, certificates, scope));
    const impressionSink: ImpressionSink = {
      deliver: bundle => any(parent => parent.putImpressions(bundle)),
    };
    return { sink: createParentSink(any), impressionSink, close: () => {} };
  }
  const etcd = createEtcd(etcdOptions({ ...config, ETCD_URLS: config.ETCD_URLS }, certificates));
  const sink = createEtcdSink({ etcd, leaseS: config.REPORT_LEASE_S, log });
  const close = () => {
    sink.close();
    etcd.close();
  };
  return { sink, impressionSink: createEtcdSlot(etcd), close };
}

/** Where a node's settings send the reports of its region, and what it has counted. */
import {
  type AccessLogBundle,
  accessLogKey,
  type ImpressionBundle,
  impressionsKey,
  type Scope,
} from '@quantivista/contracts';
import { createEtcd, etcdOptions } from '@quantivista/etcd';
import type { Certificates, Log } from '@quantivista/runtime';
import type { ReadNodeConfig } from '../config.ts';
import { openParents } from '../feed/open-source.ts';
import { createAnyParent } from './any-parent.ts';
import { createEtcdSink } from './etcd-sink.ts';
import { createParentSink } from './parent-sink.ts';
import type { ReportSink } from './sink.ts';
import { createEtcdSlot } from './tally/etcd-slot.ts';
import type { TallySink } from './tally/sink.ts';

export interface Sinks {
  readonly sink: ReportSink;
  readonly impressionSink: TallySink<ImpressionBundle>;
  readonly accessLogSink: TallySink<AccessLogBundle>;
  close(): void;
}

export function openSinks(config: ReadNodeConfig, certificates: Certificates, scope: Scope, log: Log): Sinks {
  if (!config.ETCD_URLS) {
    const any = createAnyParent(openParents(config, certificates, scope));
    return {
      sink: createParentSink(any),
      impressionSink: { deliver: bundle => any(parent => parent.putBundle('impressions', bundle)) },
      accessLogSink: { deliver: bundle => any(parent => parent.putBundle('access-log', bundle)) },
      close: () => {},
    };
  }
  const etcd = createEtcd(etcdOptions({ ...config, ETCD_URLS: config.ETCD_URLS }, certificates));
  const sink = createEtcdSink({ etcd, leaseS: config.REPORT_LEASE_S, log });
  const close = () => {
    sink.close();
    etcd.close();
  };
  return {
    sink,
    impressionSink: createEtcdSlot(etcd, impressionsKey),
    accessLogSink: createEtcdSlot(etcd, accessLogKey),
    close,
  };
}

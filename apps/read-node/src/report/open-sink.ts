/** Where a node's settings send the reports of its region. */
import type { Scope } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import type { Log } from '@quantivista/runtime';
import type { ReadNodeConfig } from '../config.ts';
import { openParents } from '../feed/open-source.ts';
import { createEtcdSink } from './etcd-sink.ts';
import { createParentSink } from './parent-sink.ts';
import type { ReportSink } from './sink.ts';

export function openSink(
  config: ReadNodeConfig,
  scope: Scope,
  log: Log,
): { sink: ReportSink; close: () => void } {
  if (!config.ETCD_URLS) return { sink: createParentSink(openParents(config, scope)), close: () => {} };
  const etcd = createEtcd({ hosts: config.ETCD_URLS });
  const sink = createEtcdSink({ etcd, leaseS: config.REPORT_LEASE_S, log });
  const close = () => {
    sink.close();
    etcd.close();
  };
  return { sink, close };
}

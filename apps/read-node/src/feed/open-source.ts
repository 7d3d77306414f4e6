/** The source that a node's settings name. */
import { readFile } from 'node:fs/promises';
import type { Scope } from '@quantivista/contracts';
import { createEtcd, etcdOptions } from '@quantivista/etcd';
import type { Certificates } from '@quantivista/runtime';
import type { ReadNodeConfig } from '../config.ts';
import { createEtcdSource } from './etcd-source.ts';
import { createLinkFetch } from './link-fetch.ts';
import { createParentClient, type ParentClient } from './parent-client.ts';
import { createParentSource } from './parent-source.ts';
import type { Source } from './source.ts';

type SourceConfig = Pick<
  ReadNodeConfig,
  'ETCD_URLS' | 'ETCD_USERNAME' | 'ETCD_PASSWORD_FILE' | 'FEED_FROM' | 'FEED_TOKEN_FILE'
>;

/** A link to a parent counts as dead after so long without a byte; it pings far more often. */
const SILENCE_MS = 3_000;

/** The nodes that a region is fed from. */
export function openParents(
  { FEED_FROM = [], FEED_TOKEN_FILE }: SourceConfig,
  certificates: Certificates,
  scope: Scope,
): ParentClient[] {
  const fetch = createLinkFetch(certificates);
  const token = async () =>
    FEED_TOKEN_FILE === undefined ? undefined : (await readFile(FEED_TOKEN_FILE, 'utf8')).trim();
  return FEED_FROM.map(url =>
    createParentClient({ url: url.replace(/\/+$/, ''), fetch, scope, token, silenceMs: SILENCE_MS }),
  );
}

/** @throws Error where not exactly one of ETCD_URLS and FEED_FROM is set */
export function openSource(
  config: SourceConfig,
  certificates: Certificates,
  scope: Scope,
): { source: Source; close: () => void } {
  const { ETCD_URLS, FEED_FROM } = config;
  if ((ETCD_URLS === undefined) === (FEED_FROM === undefined))
    throw new Error('The role feed needs one of ETCD_URLS and FEED_FROM');
  if (!ETCD_URLS)
    return {
      source: createParentSource({ parents: openParents(config, certificates, scope) }),
      close: () => {},
    };
  const etcd = createEtcd(etcdOptions({ ...config, ETCD_URLS }, certificates));
  return { source: createEtcdSource(etcd, scope), close: () => etcd.close() };
}

/** What the routes are made of. */
import type { Audit, Evidence } from '@quantivista/audit';
import type { Etcd } from '@quantivista/etcd';
import type { Log, Metrics } from '@quantivista/runtime';
import type { SecretStore } from '@quantivista/vault';
import type { AdminToken } from '../admin-token.ts';
import type { Callers } from '../callers.ts';
import type { Calls } from '../calls.ts';
import type { Outbound } from '../deliver/outbound.ts';
import type { Denials } from '../denials.ts';
import type { Projection } from '../flags/projection.ts';
import type { FlagUsages } from '../flags/usage/flag-usage.ts';
import type { Heartbeat } from '../heartbeat.ts';
import type { Regions } from '../network/regions.ts';
import type { RegionWait } from '../network/wait.ts';
import type { GuardedWriter } from '../propose/guard.ts';
import type { Proposals } from '../propose/proposals.ts';
import type { Recovery } from '../recover/recovery.ts';
import type { SecretReads } from '../secrets/secret-reads.ts';
import type { SecretValues } from '../secrets/secret-values.ts';
import type { Writer } from '../write/commit.ts';
import type { SchemaReader } from '../write/schemas/service-schemas.ts';

export interface Dependencies {
  readonly etcd: Etcd;
  readonly audit: Audit;
  readonly evidence: Evidence;
  readonly adminToken: Pick<AdminToken, 'key'>;
  /** May throw Proposed: the app answers it. */
  readonly writer: GuardedWriter;
  /** Writes now or not at all: for what is no configuration, and can't wait. */
  readonly immediate: Writer;
  readonly proposals: Proposals;
  readonly schemas: SchemaReader;
  readonly callers: Callers;
  /** Absent where none is named: what is confidential is refused. */
  readonly secretStore: SecretStore | undefined;
  readonly secrets: SecretValues;
  readonly secretReads: SecretReads;
  readonly calls: Calls;
  readonly denials: Denials;
  readonly heartbeat: Heartbeat;
  readonly recovery: Recovery;
  readonly regions: Regions;
  readonly regionWait: RegionWait;
  readonly projection: Projection;
  readonly usage: FlagUsages;
  readonly webhooks: Outbound['webhooks'];
  readonly metrics: Metrics;
  readonly log: Log;
  /** `open`: reads need no token. */
  readonly reads: 'open' | 'token';
}

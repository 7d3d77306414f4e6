/** The links of the chain: what of a row of the trail is hashed, and in which form (docs/adr/0019-the-chain-of-the-trail.md). */
import { createHash } from 'node:crypto';
import type { RecordKind } from '@quantivista/contracts';
import { canonicalJson } from './canonical.ts';

/** A row of the trail, each field as Postgres writes it. */
export interface TrailRow {
  readonly id: string;
  readonly kind: RecordKind;
  readonly environment: string;
  readonly service_name: string;
  readonly config_key: string;
  readonly version: number;
  readonly deleted: boolean;
  /** JSON; `null` for none. */
  readonly old_value: string | null;
  readonly new_value: string;
  readonly config_type: string | null;
  readonly description: string;
  readonly updated_by: string;
  readonly reason: string | null;
  readonly rollback_available: boolean;
  readonly intent_id: string;
  readonly generation: string;
  readonly revision: string;
  /** Microseconds since the epoch. */
  readonly created_at_us: string;
}

/** The columns of a {@link TrailRow}, of a table that is named `a`. */
export const TRAIL_COLUMNS = `a.id, a.kind, a.environment, a.service_name, a.config_key, a.version, a.deleted,
  a.old_value::text, a.new_value::text, a.config_type, a.description, a.updated_by, a.reason, a.rollback_available,
  a.intent_id, a.generation, a.revision, (extract(epoch FROM a.created_at) * 1000000)::bigint AS created_at_us`;

/** The order of the chain within a generation: a transaction changes each record once, so no two are equal. */
export const CHAIN_ORDER = ['revision', 'kind', 'service_name', 'config_key'] as const;

/** In place of the hash before the first. */
export const NO_HASH = '0'.repeat(64);

const FORM = 'quantivista-audit/1';

/**
 * The hash of a row at its place in the chain, in hex.
 * @param previous hash of the entry before it, or {@link NO_HASH}
 */
export function linkHash(previous: string, sequence: number, row: TrailRow): string {
  const fields = [
    FORM,
    previous,
    sequence,
    row.environment,
    row.generation,
    row.revision,
    row.kind,
    row.service_name,
    row.config_key,
    row.version,
    row.deleted,
    canonicalJson(row.old_value ?? 'null'),
    canonicalJson(row.new_value),
    row.config_type,
    row.description,
    row.updated_by,
    row.reason,
    row.rollback_available,
    row.intent_id,
    row.id,
    row.created_at_us,
  ];
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}

/** I2: what the trail says was committed is in the store, and the other way round. */
import { GENERATION_KEY, operationKey, recordKey } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { expect } from 'vitest';
import type { Trail } from './trail.ts';

/** I2, for everything that was ever written into these stores. */
export async function trailAgrees(store: Etcd, trail: Trail): Promise<void> {
  const generation = (await store.read([GENERATION_KEY])).entries[0]!.value;
  for (const intent of await trail.intents(generation)) {
    expect(intent.status, `intent ${intent.id} has an outcome`).not.toBeNull();
    const marker = (await store.read([operationKey(intent.id)])).entries[0];
    if (intent.status === 'committed') {
      expect(marker?.value).toBe('committed');
      expect(intent.revision).toBe(marker?.modRevision);
      expect(intent.rows).toHaveLength(intent.changes);
    } else {
      expect(marker?.value).not.toBe('committed');
      expect(intent.rows).toHaveLength(0);
    }
  }
  expect(await trail.listedAsPending()).toBe(await trail.pending());
  // And what is held is what the newest row says.
  for (const row of await trail.newestRows(generation)) {
    const { kind, environment, service_name: service, config_key: key } = row;
    const path = recordKey({ kind, environment, service, key });
    const entry = (await store.read([path])).entries[0];
    if (row.deleted) expect(entry, path).toBeUndefined();
    else {
      expect(entry?.modRevision, path).toBe(row.revision);
      const record = JSON.parse(entry!.value);
      expect(record.version, path).toBe(row.version);
      expect(kind === 'configuration' ? record.config_value : record, path).toEqual(row.new_value);
    }
  }
}

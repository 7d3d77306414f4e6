/** Every kind of tampering with the trail, done by hand in a real Postgres, is found, and what was hit is named. */
import type { AuditFault } from '@quantivista/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { linkHash, NO_HASH, TRAIL_COLUMNS, type TrailRow } from '../../packages/audit/src/chain-hash.ts';
import { type AuditNetwork, startAuditNetwork } from './audit-network.ts';

const TABLES = ['change_intent', 'change_outcome', 'configuration_audit', 'audit_chain'];

let network: AuditNetwork;
/** Each test has a service of its own. */
let service: string;
let count = 0;
/** Versions 1 to 4 of key `a` of the service. */
let rows: TrailRow[];

beforeAll(async () => {
  network = await startAuditNetwork(1);
});
afterAll(() => network.stop());

async function put(key: string, value: unknown) {
  expect((await network.api.put(service, key, value as never)).status).toBe(200);
}
const named = (row: TrailRow) => ({
  environment: 'TEST',
  service_name: service,
  config_key: row.config_key,
  version: row.version,
  revision: Number(row.revision),
  id: row.id,
});
async function found(): Promise<AuditFault[]> {
  const { code, faults, err } = await network.verify();
  expect(code).toBe(1);
  expect(err.at(-1)).toContain('The trail does not hold');
  return faults;
}

test('a trail of every kind of write holds', async () => {
  service = 'whole';
  await put('a', 1);
  await put('b', null);
  await network.api.batch([
    { op: 'set', environment: 'TEST', service_name: service, config_key: 'c', new_value: 1e300 },
    { op: 'set', environment: 'PRODUCTION', service_name: service, config_key: 'c', new_value: 'é\u{1f600}' },
    { op: 'delete', environment: 'TEST', service_name: service, config_key: 'b' },
  ] as never);
  await network.api.rollback({ service_name: service, config_key: 'a', environment: 'TEST', version: 1 });
  await network.sealed();
  expect(await network.verify()).toMatchObject({ code: 0, faults: [] });
  const { out } = await network.qvc('audit', 'verify');
  expect(out.at(-1)).toBe('The trail holds.');
});

describe('by hand', () => {
  beforeEach(async () => {
    service = `service-${++count}`;
    for (const value of [0.1, 2, { deep: ['x'] }, 4]) await put('a', value);
    await network.sealed();
    const held = await network.sql(
      `SELECT ${TRAIL_COLUMNS} FROM configuration_audit a WHERE service_name = $1 ORDER BY version`,
      [service],
    );
    rows = held.rows;
    await network.tamper(TABLES.map(table => `CREATE TABLE saved_${table} AS SELECT * FROM ${table}`));
  });
  /** As before the test: what follows must not find it again. */
  afterEach(async () => {
    await network.tamper([
      `TRUNCATE ${TABLES.join()}`,
      ...TABLES.map(table => `INSERT INTO ${table} SELECT * FROM saved_${table}`),
      ...TABLES.map(table => `DROP TABLE saved_${table}`),
    ]);
    expect(await network.verify()).toMatchObject({ code: 0, faults: [] });
  });

  describe('a changed row', () => {
    test.each([
      ['its value', `new_value = '3'`],
      ['its value, by less than a double can tell', `old_value = '0.1000000000000000001'`],
      ['who', `updated_by = 'somebody'`],
      ['why', `reason = 'because'`],
      ['when', `created_at = created_at + interval '1 microsecond'`],
      ['whether it is deleted', 'deleted = true'],
    ])('%s', async (_, change) => {
      await network.tamper([`UPDATE configuration_audit SET ${change} WHERE id = '${rows[1]!.id}'`]);
      const faults = await found();
      expect(faults).toContainEqual(
        expect.objectContaining({ fault: 'changed', ...named(rows[1]!), sequence: expect.any(Number) }),
      );
      // That row, and no other.
      expect(new Set(faults.map(({ id }) => id))).toEqual(new Set([rows[1]!.id]));
    });

    test('and its intent with it', async () => {
      const { id, intent_id } = rows[1]!;
      await network.tamper([
        `UPDATE configuration_audit SET new_value = '3' WHERE id = '${id}'`,
        `UPDATE change_intent SET operations = jsonb_set(operations, '{0,new_value}', '3') WHERE id = '${intent_id}'`,
      ]);
      expect(await found()).toMatchObject([{ fault: 'changed', ...named(rows[1]!) }]);
    });

    test('the intent alone', async () => {
      await network.tamper([
        `UPDATE change_intent SET actor = 'somebody' WHERE id = '${rows[1]!.intent_id}'`,
      ]);
      expect(await found()).toMatchObject([{ fault: 'changed', ...named(rows[1]!) }]);
    });

    test('and every hash behind it, reckoned anew: etcd knows another end', async () => {
      const trail = await network.sql(`SELECT c.sequence, ${TRAIL_COLUMNS} FROM audit_chain c
      JOIN configuration_audit a ON a.id = c.audit_id WHERE c.environment = 'TEST' ORDER BY c.sequence`);
      const hit = rows[1]!;
      let previous = NO_HASH;
      const statements = [
        `UPDATE configuration_audit SET new_value = '3' WHERE id = '${hit.id}'`,
        `UPDATE change_intent SET operations = jsonb_set(operations, '{0,new_value}', '3') WHERE id = '${hit.intent_id}'`,
      ];
      for (const { sequence, ...row } of trail.rows) {
        previous = linkHash(previous, Number(sequence), row.id === hit.id ? { ...row, new_value: '3' } : row);
        statements.push(`UPDATE audit_chain SET hash = decode('${previous}', 'hex')
        WHERE environment = 'TEST' AND sequence = ${sequence}`);
      }
      await network.tamper(statements);
      expect(await found()).toMatchObject([{ fault: 'cut_off', environment: 'TEST' }]);
    });
  });

  describe('a removed row', () => {
    test('alone', async () => {
      await network.tamper([`DELETE FROM configuration_audit WHERE id = '${rows[1]!.id}'`]);
      const faults = await found();
      expect(faults).toContainEqual(expect.objectContaining({ fault: 'removed', ...named(rows[1]!) }));
      expect(faults.every(({ fault, version }) => fault === 'removed' && version === 2)).toBe(true);
    });

    test('with its intent, its outcome and its entry in the chain', async () => {
      const { id, intent_id } = rows[1]!;
      await network.tamper([
        `DELETE FROM audit_chain WHERE audit_id = '${id}'`,
        `DELETE FROM configuration_audit WHERE id = '${id}'`,
        `DELETE FROM change_outcome WHERE intent_id = '${intent_id}'`,
        `DELETE FROM change_intent WHERE id = '${intent_id}'`,
      ]);
      expect(await found()).toMatchObject([{ fault: 'chain', environment: 'TEST' }]);
    });

    test('the end cut off, with everything that speaks of it: nothing more is sealed on it', async () => {
      const [last] = rows.slice(-1);
      await network.tamper([
        `DELETE FROM audit_chain WHERE audit_id = '${last!.id}'`,
        `DELETE FROM configuration_audit WHERE id = '${last!.id}'`,
        `DELETE FROM change_outcome WHERE intent_id = '${last!.intent_id}'`,
        `DELETE FROM change_intent WHERE id = '${last!.intent_id}'`,
      ]);
      const faults = await found();
      expect(faults).toContainEqual(expect.objectContaining({ fault: 'cut_off', environment: 'TEST' }));
      // And the record itself is not what the newest row says now.
      expect(faults).toContainEqual(
        expect.objectContaining({ fault: 'store', service_name: service, config_key: 'a' }),
      );
      const finding = await until(
        async () => (await network.findings()).find(({ kind }) => kind === 'chain_broken'),
        { what: 'the sealer to find it' },
      );
      expect(finding.subject).toBe('TEST');
      const metrics = async () => (await fetch(`${network.authorities[0]!.url}/metrics`)).text();
      await until(async () => /^qv_audit_chains_broken 1$/m.test(await metrics()), {
        what: 'the metrics to tell of it',
      });
    });

    test('an outcome', async () => {
      await network.tamper([`DELETE FROM change_outcome WHERE intent_id = '${rows[1]!.intent_id}'`]);
      const faults = await found();
      expect(faults.map(({ fault }) => fault).sort()).toEqual(['inserted', 'unresolved']);
      expect(faults).toContainEqual(expect.objectContaining({ fault: 'inserted', ...named(rows[1]!) }));
    });
  });

  describe('another order', () => {
    const [one, other] = [1, 2];
    test('rows that have exchanged their revisions', async () => {
      const revisions = [rows[other]!.revision, rows[one]!.revision];
      await network.tamper(
        [one, other].map(
          (index, at) =>
            `UPDATE configuration_audit SET revision = ${revisions[at]} WHERE id = '${rows[index]!.id}'`,
        ),
      );
      const order = (await found()).filter(({ fault }) => fault === 'order');
      expect(order.map(({ id }) => id)).toEqual([rows[one]!.id, rows[other]!.id]);
      expect(order).toMatchObject([named(rows[one]!), named(rows[other]!)]);
    });

    test('entries of the chain that have exchanged their places', async () => {
      const place = (row: TrailRow) => `SELECT sequence FROM audit_chain WHERE audit_id = '${row.id}'`;
      const sequence = async (row: TrailRow) => (await network.sql(place(row))).rows[0].sequence;
      const [first, second] = [await sequence(rows[one]!), await sequence(rows[other]!)];
      const move = (from: number | string, to: number | string) =>
        `UPDATE audit_chain SET sequence = ${to} WHERE environment = 'TEST' AND sequence = ${from}`;
      await network.tamper([move(first, -1), move(second, first), move(-1, second)]);
      const faults = await found();
      expect(faults).toContainEqual(expect.objectContaining({ fault: 'order', ...named(rows[one]!) }));
    });
  });

  describe('an inserted row', () => {
    const insert = (revision: number | string, key: string, id: string) => [
      `INSERT INTO change_intent (id, generation, actor, reason, rollback_available, operations)
     SELECT '${id}', generation, actor, reason, true, jsonb_set(operations, '{0,config_key}', '"${key}"')
     FROM change_intent WHERE id = '${rows[0]!.intent_id}'`,
      `INSERT INTO change_outcome (intent_id, status, revision) VALUES ('${id}', 'committed', ${revision})`,
      `INSERT INTO configuration_audit (config_key, service_name, environment, old_value, new_value, updated_by, reason,
       version, intent_id, generation, revision, deleted, config_type, description, rollback_available, kind, id)
     SELECT '${key}', service_name, environment, old_value, new_value, updated_by, reason, version, '${id}', generation,
       ${revision}, deleted, config_type, description, rollback_available, kind, '${id}'
     FROM configuration_audit WHERE id = '${rows[0]!.id}'`,
    ];

    test('before the end of the chain, with an intent and an outcome: never sealed, and named', async () => {
      const id = '01930000-0000-7000-8000-00000000000a';
      await network.tamper(insert(rows[1]!.revision, 'forged', id));
      expect(await found()).toContainEqual(
        expect.objectContaining({
          fault: 'inserted',
          service_name: service,
          config_key: 'forged',
          version: 1,
          id,
        }),
      );
    });

    test('without an outcome', async () => {
      const id = '01930000-0000-7000-8000-00000000000b';
      const [intent, , row] = insert(rows[1]!.revision, 'forged', id);
      await network.tamper([intent!, row!]);
      const faults = await found();
      expect(faults).toContainEqual(expect.objectContaining({ fault: 'inserted', config_key: 'forged', id }));
      expect(faults).toContainEqual(expect.objectContaining({ fault: 'unresolved', id }));
    });

    test('in the name of an intent that has not made it', async () => {
      const id = '01930000-0000-7000-8000-00000000000c';
      const [, , row] = insert(rows[1]!.revision, 'forged', id);
      await network.tamper([row!.replace(`'${id}', generation`, `'${rows[1]!.intent_id}', generation`)]);
      expect(await found()).toContainEqual(
        expect.objectContaining({
          fault: 'inserted',
          config_key: 'forged',
          message: expect.stringMatching('no committed'),
        }),
      );
    });

    test('of a revision that etcd has used for something else: sealed, and found by its history', async () => {
      const id = '01930000-0000-7000-8000-00000000000d';
      // Beats are put meanwhile: one of them is of this revision, or another.
      const { revision } = await network.store.read(['/quantivista/_heartbeat']);
      await network.tamper(insert(revision + 3, 'forged', id));
      const finding = await until(
        async () =>
          (await network.findings()).find(
            ({ revision: at, kind }) => kind === 'missing_change' && at === revision + 3,
          ),
        { what: 'the reconciler to find it' },
      );
      expect(finding).toMatchObject({
        subject: `/quantivista/test/${service}/forged`,
        details: { intent_id: id },
      });
      expect(await found()).toContainEqual(
        expect.objectContaining({ fault: 'store', config_key: 'forged', id }),
      );
      // The chain has gone on with it: its end in etcd goes with what this test takes back. Nobody seals meanwhile,
      // who would put that end there again.
      await network.authorities[0]!.stop();
      await network.store.deleteRange(
        '/quantivista-authority/audit/test',
        '/quantivista-authority/audit/test\0',
      );
      await network.tamper([
        `DELETE FROM audit_chain WHERE audit_id = '${id}'`,
        `DELETE FROM configuration_audit WHERE id = '${id}'`,
        `DELETE FROM change_outcome WHERE intent_id = '${id}'`,
        `DELETE FROM change_intent WHERE id = '${id}'`,
      ]);
      await network.authorities[0]!.start();
      await network.sealed();
    });
  });

  test('the anchor gone, while nothing seals', async () => {
    await network.authorities[0]!.stop();
    await network.store.deleteRange('/quantivista-authority/audit/', '/quantivista-authority/audit0');
    await network.authorities[0]!.start({
      env: { SEAL_INTERVAL_MS: '600000', RECOVER_INTERVAL_MS: '600000' },
    });
    try {
      expect(await found()).toContainEqual(
        expect.objectContaining({ fault: 'unanchored', environment: 'TEST' }),
      );
    } finally {
      await network.authorities[0]!.restart();
      await network.sealed();
    }
  });
});

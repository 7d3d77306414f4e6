/**
 * What evidence costs: writes while they are sealed beside writes that nobody seals, and a trail of 100,000 rows
 * sealed, verified and exported, beside Postgres reading the same rows alone.
 */
import { once } from 'node:events';
import { get } from 'node:http';
import { until } from '../../infra/stack/until.ts';
import { type AuditNetwork, startAuditNetwork } from '../faults/audit-network.ts';
import { rssMiB } from './process-usage.ts';

const ROWS = 100_000;
const WRITERS = 64;
const WRITE_MS = 4_000;
/** A generation that is over: all of it is settled. */
const EARLIER = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';

const FILL = [
  `CREATE TEMP TABLE filling AS SELECT n, ('01930000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id,
     'key_' || n % 5000 AS key, n / 5000 + 1 AS version,
     jsonb_build_object('limit', n * 1.25, 'name', 'value of ' || n, 'list', jsonb_build_array(n, 'x', true)) AS value
   FROM generate_series(1, ${ROWS}) AS n`,
  `INSERT INTO change_intent (id, generation, actor, reason, rollback_available, operations)
   SELECT id, '${EARLIER}', 'admin', 'filling', true, jsonb_build_array(jsonb_build_object('kind', 'configuration',
     'environment', 'TEST', 'service_name', 'risk', 'config_key', key, 'version', version, 'deleted', false,
     'old_value', NULL, 'new_value', value, 'config_type', 'APPLICATION_CONFIG', 'description', '')) FROM filling`,
  `INSERT INTO change_outcome (intent_id, status, revision) SELECT id, 'committed', n FROM filling`,
  `INSERT INTO configuration_audit (kind, config_key, service_name, environment, new_value, updated_by, reason, version,
     intent_id, generation, revision, deleted, config_type, description, rollback_available)
   SELECT 'configuration', key, 'risk', 'TEST', value, 'admin', 'filling', version, id, '${EARLIER}', n, false,
     'APPLICATION_CONFIG', '', true FROM filling`,
  'DROP TABLE filling',
];

/** Acknowledged writes a second. */
async function writeRate({ api }: AuditNetwork): Promise<number> {
  const until = performance.now() + WRITE_MS;
  let written = 0;
  const writer = async (index: number) => {
    for (let round = 0; performance.now() < until; round++) {
      const { status } = await api.put('bench', `key-${index}`, round);
      if (status === 200) written++;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, index) => writer(index)));
  return written / (WRITE_MS / 1_000);
}

/** How long reading an answer to its end takes, and how much of it there was. */
async function drain(url: string, token: string): Promise<{ ms: number; bytes: number; tail: string }> {
  const startedAt = performance.now();
  const request = get(url, { headers: { authorization: `Bearer ${token}` } });
  const [response] = await once(request, 'response');
  let bytes = 0;
  let tail = '';
  for await (const part of response) {
    bytes += part.length;
    tail = String(part).slice(-300);
  }
  return { ms: performance.now() - startedAt, bytes, tail };
}

async function benchWrites(): Promise<void> {
  const rates: Record<string, number[]> = { sealed: [], unsealed: [] };
  for (const kind of ['unsealed', 'sealed', 'unsealed', 'sealed']) {
    const intervalMs = kind === 'sealed' ? '500' : '600000';
    const env = { SEAL_INTERVAL_MS: intervalMs, RECONCILE_INTERVAL_MS: kind === 'sealed' ? '500' : '600000' };
    const network = await startAuditNetwork(1, env);
    try {
      await writeRate(network);
      rates[kind]!.push(await writeRate(network));
    } finally {
      await network.stop();
    }
  }
  const best = (kind: string) => Math.max(...rates[kind]!);
  const share = (best('sealed') / best('unsealed')).toFixed(2);
  console.log(
    `writes a second, ${WRITERS} writers: sealed ${best('sealed')}, unsealed ${best('unsealed')}: ${share}`,
  );
}

export async function benchAudit(): Promise<void> {
  await benchWrites();
  const network = await startAuditNetwork(1);
  try {
    const { url, pid } = network.authorities[0]!;
    const filledAt = performance.now();
    await network.tamper(FILL);
    await network.sql('ANALYZE');
    const fillMs = performance.now() - filledAt;
    const sealingAt = performance.now();
    const count = async () => (await network.sql('SELECT count(*)::int FROM audit_chain')).rows[0].count;
    await until(async () => (await count()) >= ROWS, {
      what: 'all to be sealed',
      timeoutMs: 120_000,
      intervalMs: 200,
    });
    console.log(
      `${ROWS} rows filled in ${Math.round(fillMs)} ms, sealed in ${Math.round(performance.now() - sealingAt)} ms`,
    );
    const readAt = performance.now();
    await network.sql('SELECT a.*, c.* FROM configuration_audit a JOIN audit_chain c ON c.audit_id = a.id');
    console.log(`the same rows and entries read by one query: ${Math.round(performance.now() - readAt)} ms`);
    const before = rssMiB(pid!);
    let peak = before;
    const sampling = setInterval(() => {
      peak = Math.max(peak, rssMiB(pid!));
    }, 20);
    for (const path of ['verify', 'export?format=csv', 'export?format=ndjson']) {
      const { ms, bytes, tail } = await drain(`${url}/api/v1/audit/${path}`, network.token);
      const verdict = path === 'verify' ? ` ${tail.trim().split('\n').at(-1)}` : '';
      console.log(`${path}: ${Math.round(ms)} ms, ${(bytes / 1e6).toFixed(1)} MB${verdict}`);
    }
    clearInterval(sampling);
    console.log(`the authority's memory: ${before.toFixed(0)} MiB before, at most ${peak.toFixed(0)} MiB`);
  } finally {
    await network.stop();
  }
}

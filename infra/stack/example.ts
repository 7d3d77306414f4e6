/** An example to look at: the services of a trading platform, configured for four environments. */
import { type BatchChange, ENVIRONMENTS, type Json, MAX_BATCH_OPERATIONS } from '@quantivista/contracts';
import { EXAMPLE_SERVICES, type ExampleKey } from './example-services.ts';

type SetChange = Extract<BatchChange, { op: 'set' }>;

/** Every value of the example, service by service. */
export function exampleChanges(): SetChange[] {
  return Object.entries(EXAMPLE_SERVICES).flatMap(([service_name, keys]) =>
    ENVIRONMENTS.flatMap((environment, index) =>
      Object.entries({ ...keys, ...placeKeys(service_name) }).map(([config_key, key]) => ({
        op: 'set' as const,
        environment,
        service_name,
        config_key,
        config_type: key.type,
        description: key.text,
        new_value: 'always' in key.values ? key.values.always : key.values[index]!,
      })),
    ),
  );
}

/** What every service has: where it listens, what it connects to, how much it says. */
function placeKeys(service: string): Record<string, ExampleKey> {
  const host = service.replaceAll('_', '-');
  const places = ['dev', 'staging', 'prod', 'test'];
  return {
    LOG_LEVEL: {
      type: 'ENVIRONMENT_VARIABLE',
      text: 'Least severe level that is logged',
      values: ['debug', 'info', 'info', 'warn'],
    },
    SERVICE_URL: {
      type: 'ENVIRONMENT_VARIABLE',
      text: 'Where other services reach it',
      values: places.map(place => `https://${host}.${place}.quantivista.example`),
    },
    DATABASE_HOST: {
      type: 'ENVIRONMENT_VARIABLE',
      text: 'Primary of its database',
      values: places.map(place => `${host}-db.${place}.quantivista.internal`),
    },
    'http.timeout_ms': {
      type: 'APPLICATION_CONFIG',
      text: 'Longest time that a request may take, in milliseconds',
      values: [30_000, 5_000, 2_000, 10_000],
    },
    'database.pool_size': {
      type: 'APPLICATION_CONFIG',
      text: 'Connections to its database at most',
      values: [5, 20, 80, 5],
    },
  };
}

/**
 * Put the example through the authority, in as few transactions as it admits; nothing where a service of it
 * has values already, as in an etcd that runs elsewhere. Answers the number of values put.
 */
export async function loadExample(authorityUrl: string, token: string): Promise<number> {
  if (await isLoaded(authorityUrl, token)) return 0;
  const changes = exampleChanges();
  for (const batch of inBatches(changes)) {
    const response = await fetch(`${authorityUrl}/api/v1/config/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ changes: batch, reason: 'example' }),
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`the example was refused: ${response.status} ${await response.text()}`);
  }
  return changes.length;
}

async function isLoaded(authorityUrl: string, token: string): Promise<boolean> {
  const response = await fetch(`${authorityUrl}/api/v1/config/risk_engine?environment=PRODUCTION`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });
  return response.ok && Object.keys((await response.json()) as object).length > 0;
}

/** A service costs an operation as well as each key: both count towards the limit. */
export function* inBatches(changes: readonly SetChange[]): Generator<SetChange[]> {
  let batch: SetChange[] = [];
  const services = new Set<Json>();
  for (const change of changes) {
    const service = `${change.environment}/${change.service_name}`;
    if (batch.length + 1 + new Set([...services, service]).size > MAX_BATCH_OPERATIONS - 4) {
      yield batch;
      batch = [];
      services.clear();
    }
    batch.push(change);
    services.add(service);
  }
  if (batch.length > 0) yield batch;
}

/** The authority's writes as this run sends them: each with its id as the reason, each with a plain outcome. */
import type { BatchResult, Configuration, RollbackResult } from '@quantivista/contracts';
import type { IntendedChange, Outcome, Write } from './history.ts';

export interface ApiOptions {
  readonly url: string;
  readonly token: string;
}

/** What a write left behind, as its answer tells: for the writers to go on from. */
export interface Answered {
  readonly write: Write;
  /** New versions by key; 0 where the key was deleted. */
  readonly versions: ReadonlyMap<IntendedChange, number>;
}

/** The authority promises that after these nothing was changed; after every other fault it may have been. */
const REFUSALS = new Set(['store_unavailable', 'audit_unavailable', 'write_aborted']);

/** Send `changes` as one transaction, by the endpoint that fits them. Never throws. */
export async function send(
  { url, token }: ApiOptions,
  id: string,
  changes: readonly IntendedChange[],
): Promise<Answered> {
  const sentAt = performance.now();
  const { outcome, body } = await attempt(url, token, request(id, changes));
  const write: Write = { id, changes, outcome, sentAt, answeredAt: performance.now() };
  return { write, versions: outcome.kind === 'acknowledged' ? versionsOf(changes, body) : new Map() };
}

interface ApiRequest {
  readonly method: 'PUT' | 'DELETE' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

function request(reason: string, changes: readonly IntendedChange[]): ApiRequest {
  const [first, ...others] = changes;
  const { environment, service, key } = first!;
  const path = `/api/v1/config/${service}/${key}?environment=${environment}`;
  if (others.length > 0)
    return {
      method: 'POST',
      path: '/api/v1/config/batch',
      body: { reason, changes: changes.map(batchChange) },
    };
  if (first!.to === 'value') return { method: 'PUT', path, body: { reason, new_value: first!.value } };
  if (first!.to === 'nothing') return { method: 'DELETE', path: `${path}&reason=${reason}` };
  const body = { environment, service_name: service, config_key: key, version: first!.version, reason };
  return { method: 'POST', path: '/api/v1/config/rollback', body };
}

function batchChange(change: IntendedChange) {
  const path = {
    environment: change.environment,
    service_name: change.service,
    config_key: change.key,
  };
  return change.to === 'value' ? { op: 'set', ...path, new_value: change.value } : { op: 'delete', ...path };
}

async function attempt(
  url: string,
  token: string,
  { method, path, body }: ApiRequest,
): Promise<{ outcome: Outcome; body?: unknown }> {
  try {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const answer = response.status === 204 ? undefined : await response.json();
    if (response.ok) {
      const revision = Number(response.headers.get('x-config-revision'));
      return { outcome: { kind: 'acknowledged', revision }, body: answer };
    }
    const code = String((answer as { type?: string }).type)
      .split(':')
      .at(-1)!;
    const refused = response.status < 500 || REFUSALS.has(code);
    return { outcome: { kind: refused ? 'refused' : 'unknown' } };
  } catch (error) {
    // A connection that was never made has carried nothing.
    const { code } = ((error as Error).cause ?? {}) as { code?: string };
    return { outcome: { kind: code === 'ECONNREFUSED' ? 'refused' : 'unknown' } };
  }
}

function versionsOf(changes: readonly IntendedChange[], body: unknown): Map<IntendedChange, number> {
  const [first] = changes;
  if (changes.length > 1) {
    const held = (body as BatchResult).configurations;
    const nameOf = (service: string, key: string) => `${service}/${key}`;
    const found = new Map(held.map(each => [nameOf(each.service_name, each.config_key), each.version]));
    return new Map(changes.map(change => [change, found.get(nameOf(change.service, change.key)) ?? 0]));
  }
  if (first!.to === 'nothing') return new Map([[first!, 0]]);
  if (first!.to === 'value') return new Map([[first!, (body as Configuration).version]]);
  return new Map([[first!, (body as RollbackResult).configuration?.version ?? 0]]);
}

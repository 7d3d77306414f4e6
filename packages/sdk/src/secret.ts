/** Secrets, asked for one by one. */

import { type Json, whyWithheld } from './follow/wire.ts';
import { ConfigError, refusalOf } from './refusal.ts';
import type { Requester, Topic } from './request.ts';

/** Another node may know better. */
const isElsewhere = ({ status, code }: ConfigError): boolean =>
  status === undefined || status >= 500 || status === 429 || code === 'revision_not_reached';

/**
 * @param nodes in the order in which they are asked
 * @throws ConfigError of the first that knows, or of the last that does not
 */
export async function readSecret(
  requester: Requester,
  nodes: readonly string[],
  { environment, service }: Topic,
  key: string,
  minRevision: number | undefined,
): Promise<Json> {
  const query = new URLSearchParams({ environment });
  if (minRevision !== undefined) query.set('min_revision', String(minRevision));
  const parts = service === undefined ? key.split('/') : [service, key];
  const path = `/api/v1/config/${parts.map(encodeURIComponent).join('/')}?${query}`;
  let trouble: ConfigError | undefined;
  for (const node of nodes) {
    try {
      return await ask(requester, node, path);
    } catch (error) {
      trouble = error as ConfigError;
      if (!isElsewhere(trouble)) break;
    }
  }
  throw trouble;
}

async function ask(requester: Requester, node: string, path: string): Promise<Json> {
  const response = await requester.ask(node, path);
  if (response.status !== 200) throw await refusalOf(node, response);
  const { config_value: value } = (await response.json()) as { config_value: Json };
  const why = whyWithheld(value);
  if (why !== undefined) throw new ConfigError(node, why, 'the value is withheld', { status: 200 });
  return value;
}

/** An etcd that has used up its quota, and what an operator does about it: through its HTTP gateway. */

import { askEtcd, base64 } from './etcd-gateway.ts';

const FILLING = 'filling/';

/** Put what nobody follows, until etcd takes no more. */
export async function fillEtcd(url: string, valueBytes = 500_000): Promise<void> {
  const value = base64('x'.repeat(valueBytes));
  try {
    for (let n = 0; ; n++) await askEtcd(url, '/v3/kv/put', { key: base64(FILLING + n), value });
  } catch (error) {
    if (!String(error).includes('database space exceeded')) throw error;
  }
}

/**
 * What an operator does: compact, give the space back, take writes again. What was put by {@link fillEtcd} goes.
 * @param compact up to the present revision
 */
export async function makeRoom(url: string, compact: () => Promise<unknown>): Promise<void> {
  await askEtcd(url, '/v3/kv/deleterange', { key: base64(FILLING), range_end: base64('filling0') });
  await compact();
  await askEtcd(url, '/v3/maintenance/defragment', {});
  type Alarms = { alarms?: { memberID: string; alarm: string }[] };
  const told = await askEtcd(url, '/v3/maintenance/alarm', { action: 'GET' });
  const { alarms = [] } = (await told.json()) as Alarms;
  for (const alarm of alarms) await askEtcd(url, '/v3/maintenance/alarm', { action: 'DEACTIVATE', ...alarm });
}

/** An etcd that has used up its quota, and what an operator does about it: through its HTTP gateway. */

const FILLING = 'filling/';
const base64 = (text: string) => Buffer.from(text).toString('base64');

async function call(url: string, path: string, body: object): Promise<{ ok: boolean; text: string }> {
  const answer = await fetch(url + path, { method: 'POST', body: JSON.stringify(body) });
  return { ok: answer.ok, text: await answer.text() };
}

async function must<T>(url: string, path: string, body: object): Promise<T> {
  const { ok, text } = await call(url, path, body);
  if (!ok) throw new Error(`etcd answers ${text} to ${path}`);
  return JSON.parse(text) as T;
}

/** Put what nobody follows, until etcd takes no more. */
export async function fillEtcd(url: string, valueBytes = 500_000): Promise<void> {
  const value = base64('x'.repeat(valueBytes));
  for (let n = 0; ; n++) {
    const { ok, text } = await call(url, '/v3/kv/put', { key: base64(FILLING + n), value });
    if (ok) continue;
    if (text.includes('database space exceeded')) return;
    throw new Error(`etcd answers ${text}`);
  }
}

/**
 * What an operator does: compact, give the space back, take writes again. What was put by {@link fillEtcd} goes.
 * @param compact up to the present revision
 */
export async function makeRoom(url: string, compact: () => Promise<unknown>): Promise<void> {
  await must(url, '/v3/kv/deleterange', { key: base64(FILLING), range_end: base64('filling0') });
  await compact();
  await must(url, '/v3/maintenance/defragment', {});
  type Alarms = { alarms?: { memberID: string; alarm: string }[] };
  const { alarms = [] } = await must<Alarms>(url, '/v3/maintenance/alarm', { action: 'GET' });
  for (const alarm of alarms) await must(url, '/v3/maintenance/alarm', { action: 'DEACTIVATE', ...alarm });
}

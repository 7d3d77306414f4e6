/** Whether this process lives, can write, and what it knows. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { GENERATION_KEY, ServiceError } from '@quantivista/contracts';
import type { Dependencies } from './dependencies.ts';

export function registerHealth(
  app: OpenAPIHono,
  { etcd, audit, heartbeat, recovery, metrics }: Dependencies,
): void {
  app.get('/livez', c => c.text('ok'));

  app.get('/readyz', async c => {
    const [{ entries }] = await Promise.all([etcd.read([GENERATION_KEY]), audit.ping()]);
    if (entries[0] === undefined) throw new ServiceError('not_ready');
    return c.text('ready');
  });

  app.get('/status', async c => {
    const [{ revision, entries }, pending] = await Promise.all([
      etcd.read([GENERATION_KEY]),
      audit.pendingIntents(0),
    ]);
    return c.json({
      generation: entries[0]?.value ?? null,
      revision,
      heartbeat: heartbeat.sequence,
      pending_intents: pending.length,
      recovered_intents: recovery.recovered,
    });
  });

  app.get('/metrics', async c =>
    c.text(await metrics.render(), 200, { 'content-type': metrics.contentType }),
  );
}

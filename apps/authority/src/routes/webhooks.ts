/** Webhooks: how they are set, how they fare, and how events are delivered again. */

import { randomUUID } from 'node:crypto';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { shownBy } from '@quantivista/access';
import {
  deadLettersRoute,
  deleteWebhookRoute,
  entityTag,
  fieldFault,
  GENERATION_KEY,
  putWebhookRoute,
  recordKey,
  replayRoute,
  ServiceError,
  testWebhookRoute,
  type Webhook,
  type WebhookStatus,
  webhookPath,
  webhookRoute,
  webhookStatusRoute,
  webhooksRoute,
} from '@quantivista/contracts';
import type { Context } from 'hono';
import { listWebhooks, webhookConsumer } from '../deliver/consumers.ts';
import { createSigningSecret } from '../deliver/signature.ts';
import { deleteRecord } from '../write/delete.ts';
import { checkAuthor } from '../write/validate.ts';
import { setWebhook } from '../write/webhook.ts';
import { headerConditions } from './conditions.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';
import { answerDeleted } from './written.ts';

export function registerWebhooks(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, audit, callers, writer, regionWait, webhooks } = dependencies;
  const { deliveries } = audit;
  // They are told of everything: it takes a right over everything.
  const reader = (c: Context) => callers.require(shownBy(c), ['read'], {});
  const caller = (c: Context) => callers.require(shownBy(c), ['write'], {});

  /** The webhook as it stands, if it does. */
  async function present(name: string) {
    const { revision, entries } = await etcd.read([GENERATION_KEY, recordKey(webhookPath(name))]);
    const [generation, entry] = entries;
    if (generation === undefined) throw new ServiceError('not_ready');
    const webhook = entry && (JSON.parse(entry.value) as Webhook);
    const etag = entry && entityTag(generation.value, entry.modRevision);
    return { generation: generation.value, revision, webhook, etag };
  }
  /** @throws ServiceError `not_found` */
  async function required(name: string) {
    const { webhook, ...state } = await present(name);
    if (!webhook) throw new ServiceError('not_found', { message: `There is no webhook ${name}` });
    return { webhook, ...state };
  }

  app.openapi(webhooksRoute, async c => {
    await reader(c);
    const { after = '', limit } = c.req.valid('query');
    const following = (await listWebhooks(etcd)).filter(({ name }) => name > after);
    const page = following.slice(0, limit);
    const more = following.length > limit;
    return c.json({ webhooks: page, ...(more && { next_after: page.at(-1)!.name }) }, 200);
  });

  app.openapi(webhookRoute, async c => {
    await reader(c);
    const { webhook, generation, revision, etag } = await required(c.req.valid('param').name);
    return c.json(webhook, 200, stateHeaders(generation, revision, etag));
  });

  app.openapi(putWebhookRoute, async c => {
    const { name: actor } = await caller(c);
    const { name } = c.req.valid('param');
    const { prefer: wait } = c.req.valid('header');
    const body = c.req.valid('json');
    checkAuthor(body.updated_by, actor);
    const why = await webhooks.messenger.whyNot(body.url);
    if (why !== undefined) throw fieldFault('body.url', why);

    const { webhook: before } = await present(name);
    // The secret and the place come first: a webhook that is there can be delivered to, and misses nothing.
    const made =
      before && !body.rotate_secret ? undefined : { id: randomUUID(), secret: createSigningSecret() };
    if (made) await webhooks.secrets.keep(name, made.id, made.secret);
    if (!before) await deliveries.open(webhookConsumer(name));
    const written = await writer.write({
      changes: [setWebhook(name, body, { secretId: made?.id, conditions: headerConditions(c) })],
      actor,
      reason: body.reason ?? '',
      rollbackAvailable: false,
      awaited: wait !== undefined,
    });
    const { generation, revision } = written;
    const webhook = written.records[0] as unknown as Webhook;
    // Another one may have created it in between, with a secret of its own.
    const secret = made && webhook.secrets[0]?.id === made.id ? { secret: made.secret } : {};
    const headers = stateHeaders(generation, revision, entityTag(generation, revision));
    return c.json({ ...webhook, ...secret }, 200, {
      ...headers,
      ...(await regionWait.headers(wait, written)),
    });
  });

  app.openapi(deleteWebhookRoute, async c => {
    const { name: actor } = await caller(c);
    const { name } = c.req.valid('param');
    const { prefer: wait } = c.req.valid('header');
    const written = await writer.write({
      changes: [deleteRecord(webhookPath(name), { field: 'path', conditions: headerConditions(c) })],
      actor,
      reason: c.req.valid('query').reason ?? '',
      rollbackAvailable: false,
      awaited: wait !== undefined,
    });
    // What is left of it where this fails harms nothing: a webhook of the same name begins anew.
    await Promise.allSettled([deliveries.close(webhookConsumer(name)), webhooks.secrets.forget(name)]);
    return answerDeleted(c, dependencies, wait, written);
  });

  app.openapi(webhookStatusRoute, async c => {
    await reader(c);
    const { webhook } = await required(c.req.valid('param').name);
    const [last, known] = await Promise.all([
      audit.events.last(),
      deliveries.status(webhookConsumer(webhook.name)),
    ]);
    const status: WebhookStatus = {
      name: webhook.name,
      state: webhook.enabled ? (known?.failures ? 'retrying' : 'delivering') : 'disabled',
      cursor: known?.sequence ?? last,
      lag: known ? Math.max(0, last - known.sequence) : 0,
      waiting: known?.waiting ?? 0,
      dead_letters: known?.dead ?? 0,
      failures: known?.failures ?? 0,
      last_success_at: known?.lastSuccessAt?.toISOString() ?? null,
      last_error: known?.lastError ?? null,
      last_error_at: known?.lastErrorAt?.toISOString() ?? null,
      next_attempt_at: known?.nextAttemptAt?.toISOString() ?? null,
    };
    return c.json(status, 200);
  });

  app.openapi(deadLettersRoute, async c => {
    await reader(c);
    const { webhook } = await required(c.req.valid('param').name);
    const { after, limit } = c.req.valid('query');
    const letters = await deliveries.deadLetters(webhookConsumer(webhook.name), { after, limit });
    const more = letters.length === limit;
    return c.json({ dead_letters: letters, ...(more && { next_after: letters.at(-1)!.sequence }) }, 200);
  });

  app.openapi(replayRoute, async c => {
    await caller(c);
    const { webhook } = await required(c.req.valid('param').name);
    const consumer = webhookConsumer(webhook.name);
    const { dead_letters, from_sequence, from_time } = c.req.valid('json');
    if (dead_letters !== undefined) {
      const giveUpAt = Date.now() + webhooks.giveUpMs;
      const events = await deliveries.replayDead(consumer, dead_letters, giveUpAt);
      if (events === 0 && dead_letters !== 'all')
        throw fieldFault('body.dead_letters', 'is not the sequence of a dead letter');
      return c.json({ events }, 200);
    }
    const from = from_sequence === undefined ? { time: from_time! } : { sequence: from_sequence };
    return c.json({ events: await deliveries.replayFrom(consumer, from) }, 200);
  });

  app.openapi(testWebhookRoute, async c => {
    await caller(c);
    const { webhook, generation, revision } = await required(c.req.valid('param').name);
    const received = await webhooks.messenger.ping(webhook, { generation, revision });
    const { delivered, status = null, error = null, durationMs: duration_ms } = received;
    return c.json({ delivered, status, error, duration_ms }, 200);
  });
}

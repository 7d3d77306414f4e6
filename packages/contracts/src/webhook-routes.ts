/** The endpoints of webhooks. */
import { createRoute, z } from '@hono/zod-openapi';
import { FreeText } from './free-text.ts';
import { body, failures, json, problem, security } from './route-parts.ts';
import { WriteHeaders } from './routes.ts';
import {
  DeadLetter,
  ReplayRequest,
  ReplayResult,
  Webhook,
  WebhookName,
  WebhookStatus,
  WebhookTestResult,
  WebhookUpdate,
  WebhookWritten,
} from './webhook.ts';

export const WebhookParams = z.object({ name: WebhookName });
export const WebhooksQuery = z.object({
  after: WebhookName.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const DeadLettersQuery = z.object({
  after: z.coerce.number().int().nonnegative().default(0).openapi({ description: 'a sequence' }),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const WebhookList = z
  .object({ webhooks: z.array(Webhook), next_after: z.string().optional() })
  .openapi('WebhookList');
export type WebhookList = z.infer<typeof WebhookList>;
export const DeadLetterList = z
  .object({ dead_letters: z.array(DeadLetter), next_after: z.int().optional() })
  .openapi('DeadLetterList');
export type DeadLetterList = z.infer<typeof DeadLetterList>;

const missing = { 404: problem('no such webhook') };
const path = '/api/v1/webhooks/{name}';
const params = WebhookParams;

export const webhooksRoute = createRoute({
  method: 'get',
  path: '/api/v1/webhooks',
  summary: 'All webhooks, by name',
  security,
  request: { query: WebhooksQuery },
  responses: { 200: json(WebhookList, 'without their secrets'), ...failures },
});
export const webhookRoute = createRoute({
  method: 'get',
  path,
  summary: 'One webhook',
  security,
  request: { params },
  responses: { 200: json(Webhook, 'without its secret'), ...missing, ...failures },
});
export const putWebhookRoute = createRoute({
  method: 'put',
  path,
  summary: 'Create or change a webhook',
  security,
  request: { params, headers: WriteHeaders, body: body(WebhookUpdate) },
  responses: {
    200: json(WebhookWritten, 'with its secret, where one was made'),
    409: problem('a condition does not hold'),
    ...failures,
  },
});
export const deleteWebhookRoute = createRoute({
  method: 'delete',
  path,
  summary: 'Delete a webhook with its secrets, its place and its dead letters',
  security,
  request: { params, headers: WriteHeaders, query: z.object({ reason: FreeText.optional() }) },
  responses: {
    204: { description: 'deleted' },
    ...missing,
    409: problem('If-Match does not hold'),
    ...failures,
  },
});
export const webhookStatusRoute = createRoute({
  method: 'get',
  path: `${path}/status`,
  summary: 'How far a webhook has come',
  security,
  request: { params },
  responses: { 200: json(WebhookStatus, 'its place and its failures'), ...missing, ...failures },
});
export const deadLettersRoute = createRoute({
  method: 'get',
  path: `${path}/dead-letters`,
  summary: 'Events that were given up, oldest first',
  security,
  request: { params, query: DeadLettersQuery },
  responses: { 200: json(DeadLetterList, 'the dead letters'), ...missing, ...failures },
});
export const replayRoute = createRoute({
  method: 'post',
  path: `${path}/replay`,
  summary: 'Deliver events again',
  security,
  request: { params, body: body(ReplayRequest) },
  responses: { 200: json(ReplayResult, 'how many'), ...missing, ...failures },
});
export const testWebhookRoute = createRoute({
  method: 'post',
  path: `${path}/test`,
  summary: 'Send a signed ping, and tell how it was received',
  security,
  request: { params, body: body(z.strictObject({})) },
  responses: { 200: json(WebhookTestResult, 'delivered or not'), ...missing, ...failures },
});

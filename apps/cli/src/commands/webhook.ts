/** `qvc webhook`: who is told of events, and how it goes. */
import type { EventType, ReplayRequest, WebhookUpdate } from '@quantivista/contracts';
import { UsageError } from '../fault.ts';
import { printable } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';

export interface PutOptions {
  readonly url: string;
  readonly types?: string[];
  readonly environments?: string[];
  readonly services?: string[];
  readonly disabled?: boolean;
  readonly description?: string;
  readonly rotateSecret?: boolean;
  readonly reason?: string;
}

const state = (enabled: boolean) => (enabled ? 'enabled' : 'disabled');
const filter = (each: readonly string[]) => (each.length === 0 ? 'all' : each.join(','));

export async function putWebhook(context: Context, name: string, options: PutOptions): Promise<void> {
  const update: Partial<WebhookUpdate> = {
    url: options.url,
    types: (options.types ?? []) as EventType[],
    environments: (options.environments ?? []) as WebhookUpdate['environments'],
    services: options.services ?? [],
    enabled: !options.disabled,
    rotate_secret: options.rotateSecret ?? false,
    ...(options.description !== undefined && { description: options.description }),
    ...(options.reason !== undefined && { reason: options.reason }),
  };
  const { body } = await context.api.putWebhook(name, update);
  const { colors } = context.terminal;
  present(context, body, () => [
    `${body.name} → ${printable(body.url)} ${colors.dim(`(version ${body.version}, ${state(body.enabled)})`)}`,
    ...(body.secret === undefined ? [] : [`secret: ${body.secret} ${colors.dim('(it is not shown again)')}`]),
  ]);
}

export async function listWebhooks(context: Context): Promise<void> {
  const { body } = await context.api.webhooks();
  const { colors } = context.terminal;
  present(context, body, () => {
    if (body.webhooks.length === 0) return [colors.dim('no webhooks')];
    const rows = body.webhooks.map(each => [
      each.name,
      printable(each.url),
      state(each.enabled),
      filter(each.types),
      filter(each.environments),
      filter(each.services),
      printable(each.note ?? ''),
    ]);
    return table(['NAME', 'URL', 'STATE', 'TYPES', 'ENVIRONMENTS', 'SERVICES', 'NOTE'], rows, colors);
  });
}

export async function webhookStatus(context: Context, name: string): Promise<void> {
  const { body } = await context.api.webhookStatus(name);
  present(context, body, () => [
    `${body.name} ${body.state}: cursor ${body.cursor}, ${body.lag} behind, ${body.waiting} waiting, ${body.dead_letters} dead`,
    `last success: ${body.last_success_at ?? '–'}`,
    ...(body.last_error === null
      ? []
      : [`last error: ${printable(body.last_error)} (${body.last_error_at})`]),
    ...(body.failures === 0 ? [] : [`failures since the last success: ${body.failures}`]),
    ...(body.next_attempt_at === null ? [] : [`next attempt: ${body.next_attempt_at}`]),
  ]);
}

export async function testWebhook(context: Context, name: string): Promise<void> {
  const { body } = await context.api.testWebhook(name);
  present(context, body, () => [
    body.delivered
      ? `${name} answered ${body.status} after ${body.duration_ms} ms`
      : `${name} was not reached: ${printable(body.error ?? '')} (${body.duration_ms} ms)`,
  ]);
}

export interface ReplayOptions {
  readonly dead?: boolean;
  readonly sequence?: number;
  readonly from?: string;
}

/** `--from`: a sequence, or a time. */
function replayRequest({ dead, sequence, from }: ReplayOptions): ReplayRequest {
  if ([dead, sequence, from].filter(each => each !== undefined).length !== 1)
    throw new UsageError('Give one of --dead, --sequence and --from');
  if (dead) return { dead_letters: 'all' };
  if (sequence !== undefined) return { dead_letters: sequence };
  if (/^\d{1,15}$/.test(from!)) return { from_sequence: Number(from) };
  return { from_time: from! };
}

export async function replayWebhook(context: Context, name: string, options: ReplayOptions): Promise<void> {
  const { body } = await context.api.replayWebhook(name, replayRequest(options));
  present(context, body, () => [`${body.events} events are delivered again`]);
}

export async function deadLetters(
  context: Context,
  name: string,
  page: { after?: number; limit?: number },
): Promise<void> {
  const { body } = await context.api.deadLetters(name, page);
  const { colors } = context.terminal;
  present(context, body, () => {
    if (body.dead_letters.length === 0) return [colors.dim('no dead letters')];
    const rows = body.dead_letters.map(each => [
      String(each.sequence),
      each.type,
      printable(each.subject),
      String(each.attempts),
      each.dead_at,
      printable(each.last_error),
    ]);
    const more = body.next_after === undefined ? [] : [colors.dim(`more: --after ${body.next_after}`)];
    return [
      ...table(['SEQUENCE', 'TYPE', 'SUBJECT', 'ATTEMPTS', 'DEAD SINCE', 'ERROR'], rows, colors),
      ...more,
    ];
  });
}

export async function deleteWebhook(
  context: Context,
  name: string,
  { reason }: { reason?: string },
): Promise<void> {
  await context.api.deleteWebhook(name, reason);
  present(context, { name, deleted: true }, () => [`${name} deleted`]);
}

/** `qvc events`: what has changed, oldest first, and then as it happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudEvent } from '@quantivista/contracts';
import { printable, showShort } from '../show.ts';
import { type Context, present } from './context.ts';

export interface EventsOptions {
  readonly after?: number;
  readonly limit?: number;
  readonly follow?: boolean;
}

const POLL_MS = 1_000;

function line({ sequence, time, type, subject, data }: CloudEvent): string {
  const name = type.split('.').at(-2) ?? type;
  const told = (data as Record<string, unknown>)[name] as
    | { updated_by?: string; new_value?: unknown }
    | undefined;
  const parts = [sequence, time, name, printable(subject), printable(told?.updated_by ?? '')];
  return `${parts.join('  ')}  ${told && 'new_value' in told ? showShort(told.new_value) : ''}`.trimEnd();
}

/** With `follow` until `signal` aborts: a line an event then, of JSON where that is wanted. */
export async function events(
  context: Context,
  { after, limit, follow = false }: EventsOptions,
  signal: () => AbortSignal,
): Promise<void> {
  const { api, settings, terminal } = context;
  if (!follow) {
    const { body } = await api.events({ after, limit });
    const more = body.next_after < body.last ? [terminal.colors.dim(`more: --after ${body.next_after}`)] : [];
    const lines = body.events.map(line);
    return present(context, body, () =>
      lines.length > 0 ? [...lines, ...more] : [terminal.colors.dim('no events')],
    );
  }
  const ended = signal();
  let place = after ?? (await api.events({ limit: 1 })).body.last;
  while (!ended.aborted) {
    const { body } = await api.events({ after: place, limit });
    for (const event of body.events) terminal.out(settings.json ? JSON.stringify(event) : line(event));
    place = body.next_after;
    if (place >= body.last) await sleep(POLL_MS, undefined, { signal: ended }).catch(() => {});
  }
}

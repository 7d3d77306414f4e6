/** `qvc watch`: every change of a service or an environment as it happens, over whichever node can be reached. */
import { setTimeout as pause } from 'node:timers/promises';
import type { WatchFrame } from '@quantivista/contracts';
import type { Context } from '../commands/context.ts';
import { requireKey, requireService } from '../commands/names.ts';
import { Failure, UsageError } from '../fault.ts';
import { renderChange } from './render.ts';
import { followStream, type StreamEnd } from './stream.ts';
import { createView } from './view.ts';

const FIRST_DELAY_MS = 200;
/** Until a node says otherwise. */
const RECONNECT_WINDOW_MS = 1_000;
const MAX_DELAY_MS = 10_000;
/** Close code for what a retry can't mend. */
const POLICY_VIOLATION = 1008;
/** Statuses of a handshake that another node, or a later attempt, may answer otherwise. */
const PASSING: ReadonlySet<number> = new Set([409, 429, 500, 502, 503, 504]);

export interface WatchOptions {
  /** Only keys that begin so. */
  readonly prefix?: string;
  /** How this watcher is called. With a name it acknowledges what it sees. */
  readonly instanceId?: string;
}

/**
 * Watch until `signal` aborts; the whole environment where no service is named. Every reconnect goes to the next node and resumes after the last frame seen.
 * @throws Failure where a retry is useless, or no node could be reached to begin with
 */
export async function watch(
  context: Context,
  service: string | undefined,
  { prefix, instanceId }: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  if (service !== undefined) requireService(service);
  if (prefix !== undefined) requireKey(prefix);
  const { settings, terminal } = context;
  const { nodes } = settings;
  if (nodes.length === 0) throw new UsageError('A read node is needed: give --node or set QVC_NODE');
  const view = createView();
  let framesSeen = 0;
  let failures = 0;
  let windowMs = RECONNECT_WINDOW_MS;
  const path = ['/api/v1/config/watch', ...(service === undefined ? [] : [encodeURIComponent(service)])];
  const what = [service ?? 'everything', ...(prefix === undefined ? [] : [`${prefix}…`])].join(' ');

  for (let turn = 0; !signal.aborted; turn++) {
    const node = nodes[turn % nodes.length]!;
    const onFrame = (frame: WatchFrame) => {
      if (framesSeen > 0 && failures > 0) terminal.err(terminal.colors.dim(`resumed on ${node}`));
      failures = 0;
      framesSeen++;
      if (frame.type === 'heartbeat') windowMs = frame.reconnect_window_ms ?? windowMs;
      const changes = view.apply(frame);
      if (settings.json) return terminal.out(JSON.stringify(frame));
      if (framesSeen === 1) {
        const line = `watching ${what} in ${settings.environment} on ${node}: ${view.keys} keys at revision ${frame.revision}`;
        terminal.out(terminal.colors.dim(line));
      }
      if (frame.type === 'reset') terminal.err(terminal.colors.dim(`started over: ${frame.reason}`));
      for (const change of changes) terminal.out(renderChange(change, new Date(), terminal.colors));
    };
    const end = await followStream({
      node,
      path: path.join('/'),
      query: { environment: settings.environment, prefix, since: view.bookmark, instance_id: instanceId },
      token: settings.token,
      tls: settings.tls,
      acks: instanceId !== undefined,
      signal,
      onFrame,
    });
    if (signal.aborted) return;
    failures++;
    giveUpIfUseless(end, node, framesSeen === 0 && failures >= nodes.length);
    if (end.kind === 'ended') windowMs = end.reconnectWindowMs ?? windowMs;
    // Everybody who was on a node comes back at once: so they spread over the window that it named.
    const delayMs =
      failures === 1 && framesSeen > 0
        ? Math.random() * windowMs
        : delayBefore(failures, nodes.length === 1 ? end : undefined);
    const why = end.kind === 'refused' ? end.failure.message : end.why;
    terminal.err(terminal.colors.dim(`${node}: ${why}; next attempt in ${(delayMs / 1_000).toFixed(1)} s`));
    await pause(delayMs, undefined, { signal }).catch(() => {});
  }
}

function giveUpIfUseless(end: StreamEnd, node: string, noneAnswered: boolean): void {
  if (end.kind === 'refused') {
    if (noneAnswered || !PASSING.has(end.failure.status ?? 0)) throw end.failure;
  } else if (end.code === POLICY_VIOLATION) throw new Failure(`${node} ended the stream: ${end.why}`);
  else if (noneAnswered) throw new Failure(`${node} can't be reached: ${end.why}`);
}

/** Milliseconds, full jitter; not before the only node wants to be asked again. */
function delayBefore(failures: number, end: StreamEnd | undefined): number {
  const jittered = Math.random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures, 16));
  const retryAfterS = end?.kind === 'refused' ? (end.failure.retryAfterS ?? 0) : 0;
  return Math.max(jittered, retryAfterS * 1_000);
}

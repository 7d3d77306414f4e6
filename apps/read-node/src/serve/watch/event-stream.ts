/** The text of a stream of server-sent events, around its frames. */

import { errorRow } from '@quantivista/contracts';

/** Nothing on the way may hold events back, keep them or change them. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const;

const NOT_ALLOWED = errorRow('forbidden').close;

/** A browser waits exactly as long as it is told: so each is told another time below the window. */
const retryLine = (reconnectWindowMs: number): string =>
  `retry: ${100 + Math.floor(Math.random() * reconnectWindowMs)}\n`;

/** Sent before the first frame. */
export const openingText = (reconnectWindowMs: number): string => `${retryLine(reconnectWindowMs)}\n`;

/**
 * Sent after the last frame: `reason` is a comment, which clients skip and people see. Where it is no use to come
 * back, it is an event too, `closed`, since a browser comes back by itself.
 */
export function closingText(code: number, reason: string): string {
  const { reconnect_window_ms } = JSON.parse(reason) as { reconnect_window_ms: number };
  const event = code === NOT_ALLOWED ? `event: closed\ndata: ${reason}\n\n` : '';
  return `: ${reason}\n${retryLine(reconnect_window_ms)}\n${event}`;
}

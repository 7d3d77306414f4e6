/** The text of a stream of server-sent events, around its frames. */

/** Nothing on the way may hold events back, keep them or change them. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const;

/** A browser waits exactly as long as it is told: so each is told another time below the window. */
const retryLine = (reconnectWindowMs: number): string =>
  `retry: ${100 + Math.floor(Math.random() * reconnectWindowMs)}\n`;

/** Sent before the first frame. */
export const openingText = (reconnectWindowMs: number): string => `${retryLine(reconnectWindowMs)}\n`;

/** Sent after the last frame: `reason` is a comment, which clients skip and people see. */
export function closingText(reason: string): string {
  const { reconnect_window_ms } = JSON.parse(reason) as { reconnect_window_ms: number };
  return `: ${reason}\n${retryLine(reconnect_window_ms)}\n`;
}

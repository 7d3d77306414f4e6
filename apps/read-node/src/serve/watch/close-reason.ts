/** Why a stream ends, as its client is told: JSON of at most 123 bytes, which is what a close frame carries. */

const MAX_BYTES = 123;

/** `reason` is cut where it is too long. A client comes back after a random time below `reconnectWindowMs`. */
export function closeReason(reason: string, reconnectWindowMs: number): string {
  const encode = (text: string) => JSON.stringify({ reason: text, reconnect_window_ms: reconnectWindowMs });
  // Characters, not code units: half of a pair would be no text.
  const characters = [...reason.slice(0, MAX_BYTES)];
  while (Buffer.byteLength(encode(characters.join(''))) > MAX_BYTES) characters.pop();
  return encode(characters.join(''));
}

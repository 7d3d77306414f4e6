/** A stream's connection as the hub knows it: whichever runtime it belongs to, and whatever it speaks. */
import type { Sent } from './frame.ts';

export type Transport = 'websocket' | 'sse';

export interface WatchSocket {
  readonly transport: Transport;
  /** Write it, in one go; answers the bytes. Nothing may be sent after `close` or `destroy`. */
  send(sent: readonly Sent[]): number;
  /** Bytes accepted but not yet taken by the network. */
  bufferedBytes(): number;
  /** Say why, end, and break the connection where the other side does not let it end. */
  close(code: number, reason: string): void;
  /** Break the connection, and let go at once of what waits in it. */
  destroy(): void;
}

/** A closing connection is broken after so long. */
export const CLOSE_GRACE_MS = 2_000;

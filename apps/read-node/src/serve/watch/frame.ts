/** A frame, encoded once, however many sockets it goes to and whatever they speak. */
import type { Bookmark, ResetFrame, WatchFrame } from '@quantivista/contracts';

/** What is sent to sockets, however many, whatever they speak. */
export interface Sent {
  /** JSON. */
  readonly text: string;
  /** Bytes of the text in UTF-8. */
  readonly size: number;
  /** The same in UTF-8. */
  readonly bytes: Uint8Array;
  /** The same as a server-sent event, in UTF-8. */
  readonly event: Uint8Array;
}

export interface Frame extends Sent {
  readonly type: WatchFrame['type'];
  readonly bookmark: Bookmark;
  /** Of a reset. */
  readonly reason: ResetFrame['reason'] | undefined;
}

/** `text` is the whole frame's JSON, where it is not simply that of `head`. Its other forms are made when asked for. */
export function encodeFrame(
  head: { type: WatchFrame['type'] } & Bookmark & { reason?: ResetFrame['reason'] },
  text: string = JSON.stringify(head),
): Frame {
  const { type, generation, revision, reason } = head;
  let bytes: Uint8Array | undefined;
  let event: Uint8Array | undefined;
  return {
    type,
    bookmark: { generation, revision },
    reason,
    text,
    size: Buffer.byteLength(text),
    get bytes() {
      bytes ??= Buffer.from(text);
      return bytes;
    },
    get event() {
      event ??= Buffer.from(`id: ${generation}:${revision}\nevent: ${type}\ndata: ${dataLines(text)}\n\n`);
      return event;
    },
  };
}

/** Our JSON has no line breaks; a record that was put by hand may have: each line of it is a `data` line then. */
const dataLines = (text: string): string => text.replace(/\r\n|\r|\n/g, '\ndata: ');

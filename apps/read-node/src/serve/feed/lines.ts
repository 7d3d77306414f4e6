/** A response of JSON lines that is made as fast as it is read: nothing waits for a client that does not. */

export const encodeLine = (line: object): string => `${JSON.stringify(line)}\n`;

/** Characters gathered before they are sent: a longer line goes alone. */
export const CHUNK_LENGTH = 64 * 1024;

export interface LineStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Send a last line and end, whatever was still to come. */
  end(last: object): void;
}

/**
 * A stream of what `chunks` yields, each asked for when the one before has left. `opened` is called when the
 * client begins to read, `closed` once afterwards, however the stream ends.
 */
export function createLineStream(
  chunks: AsyncIterator<string, void>,
  { opened, closed }: { opened: () => void; closed: () => void },
): LineStream {
  const encoder = new TextEncoder();
  let state: 'new' | 'open' | 'closed' = 'new';
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const finish = () => {
    if (state === 'open') closed();
    state = 'closed';
    void chunks.return?.();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: its => {
        controller = its;
      },
      pull: async () => {
        if (state === 'new') {
          state = 'open';
          opened();
        }
        try {
          const { value, done } = await chunks.next();
          if (state !== 'open') return;
          if (!done) return controller.enqueue(encoder.encode(value));
        } catch (error) {
          finish();
          throw error;
        }
        finish();
        controller.close();
      },
      cancel: finish,
    },
    { highWaterMark: 0 },
  );
  return {
    body,
    end: last => {
      if (state === 'closed') return;
      controller.enqueue(encoder.encode(encodeLine(last)));
      finish();
      controller.close();
    },
  };
}

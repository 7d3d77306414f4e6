/** A response of JSON lines that is made as fast as it is read: nothing waits for a client that does not. */

export const encodeLine = (line: object): string => `${JSON.stringify(line)}\n`;

/** Characters gathered before they are sent: a longer line goes alone. */
export const CHUNK_LENGTH = 64 * 1024;

export interface LineStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Send a last line and end, whatever was still to come. */
  end(last: object): void;
}

export interface LineStreamOptions {
  /** The stream breaks where nothing is taken for so long. */
  readonly stallMs: number;
  /** The client begins to read. */
  readonly opened: () => void;
  /** Once, after `opened`, however the stream ends. */
  readonly closed: () => void;
}

/** A stream of what `chunks` yields, each asked for when the one before has left. */
export function createLineStream(
  chunks: AsyncIterator<string, void>,
  { stallMs, opened, closed }: LineStreamOptions,
): LineStream {
  const encoder = new TextEncoder();
  let state: 'new' | 'open' | 'closed' = 'new';
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let stalled: NodeJS.Timeout | undefined;
  const finish = () => {
    clearTimeout(stalled);
    if (state === 'open') closed();
    state = 'closed';
    void chunks.return?.();
  };
  const give = (text: string) => {
    controller.enqueue(encoder.encode(text));
    stalled = setTimeout(() => {
      finish();
      controller.error(new Error(`nothing was taken for ${stallMs} ms`));
    }, stallMs);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: its => {
        controller = its;
      },
      pull: async () => {
        clearTimeout(stalled);
        if (state === 'new') {
          state = 'open';
          opened();
        }
        try {
          const { value, done } = await chunks.next();
          if (state !== 'open') return;
          if (!done) return give(value);
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

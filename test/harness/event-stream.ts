/** Frames over server-sent events: each event's data is one frame. */
import { request } from 'node:http';
import type { Transport } from './resuming.ts';
import { streamPath } from './web-socket.ts';

const HANDSHAKE_MS = 10_000;

export const overEventStream: Transport = (target, events) => {
  const { node, token } = target;
  let open = false;
  let status: number | undefined;
  let rest = '';
  const asked = request(node + streamPath('stream', target), {
    headers: {
      accept: 'text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    // One connection a stream.
    agent: false,
  });
  const handshake = setTimeout(() => asked.destroy(), HANDSHAKE_MS);
  asked.on('response', response => {
    clearTimeout(handshake);
    if (response.statusCode !== 200) {
      status = response.statusCode ?? 0;
      asked.destroy();
      return;
    }
    open = true;
    events.open();
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) if (line.startsWith('data:')) events.frame(line.slice(5).trimStart());
    });
    // A stream that breaks off is an end like any other.
    response.on('error', () => {});
  });
  asked.on('error', () => {});
  asked.on('close', () => {
    clearTimeout(handshake);
    open = false;
    events.end(status === undefined ? { code: 1006, reason: '' } : { status });
  });
  asked.end();
  return {
    get open() {
      return open;
    },
    drop: () => asked.destroy(),
  };
};

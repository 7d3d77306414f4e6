/** A server that says what a node should not, or at a moment that no real node can be brought to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Frame } from '../src/follow/wire.ts';

export interface Asked {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly token: string | undefined;
}

/** A stream that is open. */
export interface OpenStream {
  send(frame: Frame | string): void;
  /** Text as it goes over the wire. */
  write(text: string): void;
  end(): void;
  /** Break the connection. */
  destroy(): void;
  readonly closed: Promise<void>;
}
export type Script = (stream: OpenStream, asked: Asked) => void;

/** @returns what it answers, in place of a stream */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ScriptedNode {
  readonly url: string;
  /** Requests for streams. */
  readonly asked: readonly Asked[];
  readonly acks: readonly Readonly<Record<string, unknown>>[];
  stop(): Promise<void>;
}

/** @param scripts of each stream in turn; the last one of all that follow */
export async function startScriptedNode(...scripts: (Script | Answer)[]): Promise<ScriptedNode> {
  const asked: Asked[] = [];
  const acks: Record<string, unknown>[] = [];

  function stream(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const token = request.headers.authorization?.replace('Bearer ', '');
    const each: Asked = { path: url.pathname, query: Object.fromEntries(url.searchParams), token };
    const script = scripts[Math.min(asked.push(each), scripts.length) - 1]!;
    if (typeof script !== 'function') {
      response.writeHead(script.status, script.headers).end(script.body);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const write = (piece: string) => void response.write(piece);
    script(
      {
        write,
        send: frame => write(`data: ${typeof frame === 'string' ? frame : JSON.stringify(frame)}\n\n`),
        end: () => void response.end(),
        destroy: () => void response.destroy(),
        closed: new Promise(resolve => response.once('close', resolve)),
      },
      each,
    );
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://node');
    if (url.pathname.startsWith('/api/v1/config/stream')) return stream(request, response, url);
    acks.push(JSON.parse(await text(request)));
    response.writeHead(204).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    acks,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

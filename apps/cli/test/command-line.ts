/** `qvc` as it is typed, and servers that answer it what is prepared. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import picocolors from 'picocolors';
import { afterAll, afterEach } from 'vitest';
import { run } from '../src/run.ts';
import type { Terminal } from '../src/terminal.ts';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}
export interface Prepared {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text as it is, else as JSON. */
  readonly body: unknown;
}

/** A terminal that keeps what it is shown. */
export function recordTerminal() {
  const out: string[] = [];
  const err: string[] = [];
  const terminal: Terminal = {
    out: line => out.push(line),
    err: line => err.push(line),
    progress: undefined,
    colors: picocolors.createColors(false),
  };
  return { terminal, out, err };
}

/** For one file of tests: servers end with each test, the folder with the last. */
export function useCommandLine() {
  const servers: Server[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'qvc-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  /** A server that gives every request to `answer`, and keeps what it was asked. */
  async function serve(answer: (asked: Asked) => Prepared) {
    const asked: Asked[] = [];
    const server = createServer(async (request, response) => {
      const sent = await text(request);
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: sent === '' ? undefined : JSON.parse(sent) };
      asked.push(one);
      const { status = 200, headers: more = {}, body } = answer(one);
      response.writeHead(status, more).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  async function finish(args: readonly string[]) {
    const { terminal, out, err } = recordTerminal();
    const interruption = () => new AbortController().signal;
    const code = await run(args, { terminal, folder, interruption });
    return { code, out: out.join('\n'), err: err.join('\n') };
  }
  return { folder, serve, finish };
}

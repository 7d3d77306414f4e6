/** A client of servers that speak TLS: what it trusts, what it shows, and what it is shown. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { connect } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { WebSocket } from 'ws';
import type { CertificateFiles } from '../../infra/stack/certificates.ts';
import { until } from '../../infra/stack/until.ts';

export interface TlsAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface TlsCall {
  /** @default GET */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface TlsStream {
  readonly text: string;
  readonly state: 'opening' | 'open' | 'ended';
  /** Close code of a WebSocket, or status. */
  readonly code: number;
  has(part: string): Promise<unknown>;
  over(): Promise<unknown>;
  close(): void;
}

export interface TlsClient {
  /** By one connection, as long as that lasts. @throws whatever is in the way; `kept` where that is one from before */
  ask(url: string, call?: TlsCall): Promise<TlsAnswer>;
  webSocket(url: string, headers?: Readonly<Record<string, string>>): TlsStream;
  events(url: string, headers?: Readonly<Record<string, string>>): TlsStream;
  /** For gRPC. */
  readonly credentials: ReturnType<typeof credentials.createSsl>;
  close(): void;
}

/** @param own what it shows; nothing without it */
export function createTlsClient(caFile: string, own?: CertificateFiles): TlsClient {
  const ca = readFileSync(caFile);
  const shown = own && { cert: readFileSync(own.certFile), key: readFileSync(own.keyFile) };
  const agent = new Agent({ ca, ...shown, keepAlive: true, maxSockets: 1 });
  const streams: TlsStream[] = [];

  function follow(
    begin: (
      taken: (text: string) => void,
      state: (now: 'open' | 'ended', code?: number) => void,
    ) => () => void,
  ) {
    const now = { text: '', state: 'opening' as TlsStream['state'], code: 0 };
    const close = begin(
      text => {
        now.text += text;
      },
      (state, code = now.code) => {
        now.state = state;
        now.code = code;
      },
    );
    const stream: TlsStream = {
      get text() {
        return now.text;
      },
      get state() {
        return now.state;
      },
      get code() {
        return now.code;
      },
      has: part => until(() => now.text.includes(part), { what: `${part} in the stream` }),
      over: () => until(() => now.state === 'ended', { what: 'the end of the stream' }),
      close,
    };
    streams.push(stream);
    return stream;
  }

  return {
    ask: (url, { method = 'GET', headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const type = body === undefined ? {} : { 'content-type': 'application/json' };
        const sent = request(
          url,
          { method, agent, timeout: 20_000, headers: { ...type, ...headers } },
          answer => {
            let text = '';
            answer.setEncoding('utf8');
            answer.on('data', part => {
              text += part;
            });
            answer.on('error', reject);
            answer.on('end', () => resolve({ status: answer.statusCode!, text, headers: answer.headers }));
          },
        );
        sent.on('timeout', () => sent.destroy(new Error('no answer')));
        sent.on('error', error => reject(Object.assign(error, { kept: sent.reusedSocket })));
        sent.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    webSocket: (url, headers = {}) =>
      follow((taken, state) => {
        const socket = new WebSocket(url.replace(/^http/, 'ws'), { ca, ...shown, headers });
        socket.on('open', () => state('open'));
        socket.on('message', data => taken(String(data)));
        socket.on('error', error => taken(error.message));
        socket.on('close', code => state('ended', code));
        return () => socket.terminate();
      }),
    events: (url, headers = {}) =>
      follow((taken, state) => {
        const sent = request(url, { ca, ...shown, agent: false, headers }, answer => {
          state('open', answer.statusCode);
          answer.setEncoding('utf8');
          answer.on('data', taken);
          answer.on('error', () => {});
          answer.on('close', () => state('ended'));
        });
        sent.on('error', () => state('ended'));
        sent.end();
        return () => void sent.destroy();
      }),
    credentials: credentials.createSsl(ca, shown?.key ?? null, shown?.cert ?? null),
    close: () => {
      for (const stream of streams) stream.close();
      agent.destroy();
    },
  };
}

/** The serial number of the certificate that a server shows to a new connection. */
export const shownAt = (port: number, caFile: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(
      { port, host: '127.0.0.1', ca: readFileSync(caFile), ALPNProtocols: ['h2', 'http/1.1'] },
      () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });

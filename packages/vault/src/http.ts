/**
 * HTTP for node-vault in the place of its own, which follows redirects with the token in hand, takes proxies
 * from the environment, has no limit for an answer that trickles, and tells headers where DEBUG is set.
 */
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import { type Certificates, linkTls } from '@quantivista/runtime';

/** As node-vault hands it over. */
interface Outgoing {
  readonly uri: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  /** The body. */
  readonly json?: unknown;
  readonly signal: AbortSignal;
}

/** As node-vault wants it back. */
interface Incoming {
  readonly statusCode: number | undefined;
  /** `undefined` where it is no JSON. */
  readonly body: unknown;
  readonly request: { readonly path: string };
}

export interface Http {
  send(outgoing: Outgoing): Promise<Incoming>;
  close(): void;
}

/** @param certificates whom to trust and what to show; without them whom the runtime trusts, and nothing */
export function createHttp(certificates: Certificates | undefined): Http {
  const httpAgent = new HttpAgent({ keepAlive: true });
  // It keeps connections by what they were made with: those of certificates from before are not used again.
  const httpsAgent = new HttpsAgent({ keepAlive: true });
  const tls = linkTls(certificates);

  const send = (outgoing: Outgoing) =>
    new Promise<Incoming>((resolve, reject) => {
      const { uri, method, headers, json, signal } = outgoing;
      const url = new URL(uri);
      const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json));
      const described = body && { 'content-type': 'application/json', 'content-length': body.length };
      const options: RequestOptions = { method, headers: { ...headers, ...described }, signal };
      const request =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, ...tls, agent: httpsAgent })
          : httpRequest(url, { ...options, agent: httpAgent });
      request.once('error', error => {
        // Closed by Vault while it was idle, as this was sent: nobody has seen it.
        if (request.reusedSocket && isReset(error)) resolve(send(outgoing));
        else reject(error);
      });
      request.once('response', response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            statusCode: response.statusCode,
            body: parsed(Buffer.concat(chunks).toString('utf8')),
            request: { path: url.pathname },
          }),
        );
      });
      request.end(body);
    });

  return {
    send,
    close: () => {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

const isReset = (error: NodeJS.ErrnoException) => error.code === 'ECONNRESET';

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

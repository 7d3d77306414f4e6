/** Requests to Vault's API by node-vault, made safe: bounded in time and number, and its errors say no more than why. */
import { ServiceError } from '@quantivista/contracts';
import type { Certificates } from '@quantivista/runtime';
import nodeVault from 'node-vault';
import { createGate } from './gate.ts';
import { createHttp } from './http.ts';

export interface TransportOptions {
  /** `https://vault.example:8200` */
  readonly address: string;
  readonly namespace?: string | undefined;
  /** Whom to trust and what to show. @default whom the runtime trusts, and nothing */
  readonly certificates?: Certificates | undefined;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  /** Without `v1/`; its parts escaped (names.ts). */
  readonly path: string;
  readonly body?: object;
}

export interface Transport {
  /**
   * Whatever it answers, of any status. Done by `deadline` (`performance.now()`).
   * @throws ServiceError secrets_unavailable where there is no answer
   */
  request(call: Call, options: { readonly token?: string; readonly deadline: number }): Promise<Reply>;
  close(): void;
}

const MAX_CALLS = 32;
const unavailable = (message: string) => new ServiceError('secrets_unavailable', { message });

export function createTransport({ address, namespace, certificates }: TransportOptions): Transport {
  const gate = createGate(MAX_CALLS);
  const http = createHttp(certificates);
  const client = nodeVault({
    endpoint: address,
    'request-promise': { defaults: () => http.send },
    // Its own tells values and tokens where DEBUG is set.
    debug: () => {},
  });
  // What it took from the environment by itself; the token goes with each call.
  Object.assign(client, { token: '', namespace, pathPrefix: '' });
  // Its own makes errors that hold the answer, and takes any path with `sys/health` in it for the health check.
  client.handleVaultResponse = async response => ({ status: response?.statusCode, body: response?.body });

  return {
    request: async ({ method, path, body }, { token, deadline }) => {
      const remainingMs = () => Math.max(1, Math.ceil(deadline - performance.now()));
      if (!(await gate.enter(remainingMs())))
        throw unavailable('Vault does not answer in time: too many calls wait');
      const signal = AbortSignal.timeout(remainingMs());
      const headers = token === undefined ? {} : { 'X-Vault-Token': token };
      try {
        return (await client.request({ method, path: `/${path}`, headers, json: body, signal })) as Reply;
      } catch (error) {
        throw unavailable(`Vault does not answer${signal.aborted ? ' in time' : reason(error)}`);
      } finally {
        gate.leave();
      }
    },
    close: http.close,
  };
}

/** A system's code (`ECONNREFUSED`, `CERT_HAS_EXPIRED`) and nothing else: such errors may hold the request. */
function reason(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? `: ${code}` : '';
}

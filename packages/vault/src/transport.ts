/**
 * Requests to Vault's API by node-vault, made safe: bounded in time and number, and its errors are thrown
 * away, since they hold the token and the body.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { ServiceError } from '@quantivista/contracts';
import nodeVault from 'node-vault';
import { createGate } from './gate.ts';

export interface TransportOptions {
  /** `https://vault.example:8200` */
  readonly address: string;
  readonly namespace?: string | undefined;
  /** Authorities that it may be signed by, PEM. @default those of the runtime */
  readonly ca?: string | undefined;
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
const silent = (message: string) => new ServiceError('secrets_unavailable', { message });

export function createTransport({ address, namespace, ca }: TransportOptions): Transport {
  const gate = createGate(MAX_CALLS);
  const httpAgent = new HttpAgent({ keepAlive: true });
  // Said outright: VAULT_SKIP_VERIFY in the environment would switch it off.
  const httpsAgent = new HttpsAgent({ keepAlive: true, rejectUnauthorized: true, ...(ca && { ca }) });
  const client = nodeVault({
    endpoint: address,
    requestOptions: { httpAgent, httpsAgent },
    // It would tell values and tokens to whoever sets DEBUG.
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
        throw silent('Vault does not answer in time: too many calls wait');
      const timeout = remainingMs();
      const headers = token === undefined ? {} : { 'X-Vault-Token': token };
      const options = { method, path: `/${path}`, headers, timeout, httpAgent, httpsAgent, json: body };
      const answered = client.request(options).finally(gate.leave) as Promise<Reply>;
      return bounded(answered, timeout);
    },
    close: () => {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

/** axios's own limit begins anew with every byte that arrives. */
async function bounded(answered: Promise<Reply>, timeoutMs: number): Promise<Reply> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(silent('Vault does not answer in time')), timeoutMs);
  });
  try {
    return await Promise.race([answered, late]);
  } catch (error) {
    throw error instanceof ServiceError ? error : silent(`Vault does not answer${reason(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** A system's code (`ECONNREFUSED`, `CERT_HAS_EXPIRED`) and nothing else of it. */
function reason(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? `: ${code}` : '';
}

/** The ways to get a token of Vault's. Files are read at each login: whoever renews their contents needs no restart. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Call } from './transport.ts';

export type Login =
  | {
      readonly by: 'approle';
      readonly mount: string;
      readonly roleIdFile: string;
      readonly secretIdFile: string;
    }
  | { readonly by: 'kubernetes'; readonly mount: string; readonly role: string; readonly tokenFile: string }
  /** A token that somebody else keeps fresh in a file, as Vault's agent does. */
  | { readonly by: 'token'; readonly tokenFile: string };

export interface Token {
  readonly text: string;
  /** How long it lives, from when it was given; 0: for ever, or as long as somebody else says. */
  readonly ttlMs: number;
  readonly renewable: boolean;
  /** It ends with this process: else it is not ours to revoke. */
  readonly ours: boolean;
}

/** A login that is ready to be sent. */
export interface Attempt {
  readonly call: Call;
  /** To be sent with it, where there is one already. */
  readonly token?: string;
  /** Tells it from an attempt with other credentials. */
  readonly credentials: string;
  /** What it has got, of an answer with status 200. */
  tokenOf(body: unknown): Token | undefined;
}

export const Auth = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    lease_duration: z.number().nonnegative(),
    renewable: z.boolean(),
  }),
});

/** How Vault tells whether a token is valid. */
export const LOOKUP: Call = { method: 'GET', path: 'auth/token/lookup-self' };

/** @throws Error that names the file that can't be used */
export async function prepareLogin(login: Login): Promise<Attempt> {
  if (login.by === 'token') {
    const text = await wordIn(login.tokenFile);
    const token: Token = { text, ttlMs: 0, renewable: false, ours: false };
    return { call: LOOKUP, token: text, credentials: text, tokenOf: () => token };
  }
  const body =
    login.by === 'approle'
      ? { role_id: await wordIn(login.roleIdFile), secret_id: await wordIn(login.secretIdFile) }
      : { role: login.role, jwt: await wordIn(login.tokenFile) };
  return {
    call: { method: 'POST', path: `auth/${login.mount}/login`, body },
    credentials: JSON.stringify(body),
    tokenOf: answer => {
      const auth = Auth.safeParse(answer).data?.auth;
      if (!auth) return undefined;
      const { client_token: text, lease_duration, renewable } = auth;
      return { text, ttlMs: lease_duration * 1_000, renewable, ours: true };
    },
  };
}

/** It becomes a header or a name: nothing but one word. */
async function wordIn(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(error => {
    throw new Error(`${file} can't be read: ${error.code}`);
  });
  const word = text.trim();
  if (!/^[\x21-\x7e]+$/.test(word)) throw new Error(`${file} does not hold one word`);
  return word;
}

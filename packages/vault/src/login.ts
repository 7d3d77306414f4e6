/** The ways to get a token of Vault's. Files are read at each login: whoever renews their contents needs no restart. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Call, Reply } from './transport.ts';

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

export type LoggedIn =
  | { readonly kind: 'token'; readonly token: Token }
  | { readonly kind: 'refused'; readonly why: string };

export const Auth = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    lease_duration: z.number().nonnegative(),
    renewable: z.boolean(),
  }),
});

/** @param send @throws what it throws; what it answers besides a token or a refusal is answered too */
export async function logIn(
  login: Login,
  send: (call: Call) => Promise<Reply>,
): Promise<LoggedIn | { readonly kind: 'failed'; readonly reply: Reply }> {
  let call: Call;
  try {
    if (login.by === 'token') {
      const text = await contents(login.tokenFile);
      return { kind: 'token', token: { text, ttlMs: 0, renewable: false, ours: false } };
    }
    const body =
      login.by === 'approle'
        ? { role_id: await contents(login.roleIdFile), secret_id: await contents(login.secretIdFile) }
        : { role: login.role, jwt: await contents(login.tokenFile) };
    call = { method: 'POST', path: `auth/${login.mount}/login`, body };
  } catch (error) {
    return { kind: 'refused', why: (error as Error).message };
  }
  const reply = await send(call);
  const { data } = Auth.safeParse(reply.body);
  if (reply.status === 200 && data) {
    const { client_token: text, lease_duration, renewable } = data.auth;
    return { kind: 'token', token: { text, ttlMs: lease_duration * 1_000, renewable, ours: true } };
  }
  // 400: a wrong role or secret id; 403: a wrong service account.
  if (reply.status === 400 || reply.status === 403)
    return { kind: 'refused', why: 'Vault refuses the login' };
  return { kind: 'failed', reply };
}

async function contents(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(error => {
    throw new Error(`${file} can't be read: ${error.code}`);
  });
  // It becomes a header: nothing but one word.
  const word = text.trim();
  if (!/^[\x21-\x7e]+$/.test(word)) throw new Error(`${file} does not hold one word`);
  return word;
}

/**
 * Calls with a token of ours: got by logging in, renewed before it ends, got again where it is not valid any
 * more. Every answer and failure tells how Vault fares, and a probe does where nobody calls.
 */
import { ServiceError } from '@quantivista/contracts';
import { createBackoff, type Log, pause } from '@quantivista/runtime';
import { Auth, LOOKUP, type Login, prepareLogin, type Token } from './login.ts';
import { isRefusal, isTooLarge } from './reply.ts';
import type { SecretStoreStatus } from './secret-store.ts';
import type { Call, Reply, Transport } from './transport.ts';

export interface Session {
  /**
   * What Vault answers, of a status under 500 other than 403 and 429, or that it was given too much.
   * @throws ServiceError secrets_unavailable, within the time limit
   */
  call(call: Call): Promise<Reply>;
  status(): SecretStoreStatus;
  /** Revoke the token, where Vault answers. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly transport: Transport;
  readonly login: Login;
  /** Of one call, logins within it included. */
  readonly timeoutMs: number;
  /** How often Vault is asked whether it is there and the token is valid. */
  readonly probeMs: number;
  readonly log: Log;
}

/** A token is renewed after so much of its life, and given up for another once it would get less than half of it. */
const RENEW_AFTER = 2 / 3;

/** The same credentials are not tried before: Vault locks a role for fifteen minutes after five wrong ones. */
const REFUSED_FOR_MS = 300_000;
const REFUSED = 'Vault refuses the login';

interface Held extends Token {
  readonly renewAt: number;
}

const unavailable = (message: string) => new ServiceError('secrets_unavailable', { message });

export function createSession({ transport, login, timeoutMs, probeMs, log }: SessionOptions): Session {
  let held: Held | undefined;
  let loggingIn: Promise<Held> | undefined;
  let status: SecretStoreStatus = { kind: 'vault', state: 'unreachable', since: Date.now() };
  /** The login that Vault has refused. */
  let refused: { readonly credentials: string; readonly until: number } | undefined;
  const failures = createBackoff({ firstMs: 200, maxMs: Math.max(200, Math.min(2_000, probeMs)) });
  const ending = new AbortController();
  const deadlineOf = () => performance.now() + timeoutMs;

  function become(state: SecretStoreStatus['state'], note?: string): void {
    if (status.state === state && status.note === note) return;
    const since = status.state === state ? status.since : Date.now();
    status = { kind: 'vault', state, since, ...(note !== undefined && { note }) };
    if (state === 'ready') log.info({}, 'Vault lets us in');
    else log.warn({ state, note }, 'secrets are not to be had from Vault');
  }

  /** Tells what the answer means for all of Vault. @throws ServiceError of one that says that it can't answer */
  async function send(call: Call, deadline: number, token?: string): Promise<Reply> {
    try {
      const reply = await transport.request(call, { deadline, ...(token !== undefined && { token }) });
      if (reply.status < 500 && reply.status !== 429) return reply;
      if (isTooLarge(reply) || isRefusal(reply)) return reply;
      throw unavailable(reply.status === 503 ? 'Vault is sealed' : `Vault answers ${reply.status}`);
    } catch (error) {
      const { message } = error as ServiceError;
      if (!ending.signal.aborted) become(message === 'Vault is sealed' ? 'sealed' : 'unreachable', message);
      throw error;
    }
  }

  /** @param leftMs how long it lives from now on */
  const hold = (token: Token, leftMs = token.ttlMs): Held => {
    const renewAt = leftMs > 0 ? performance.now() + leftMs * RENEW_AFTER : Number.POSITIVE_INFINITY;
    refused = undefined;
    become('ready');
    held = { ...token, renewAt };
    return held;
  };

  const deny = (why: string): never => {
    become('denied', why);
    throw unavailable(why);
  };

  async function getToken(): Promise<Held> {
    const attempt = await prepareLogin(login).catch((error: Error) => deny(error.message));
    if (refused?.credentials === attempt.credentials && performance.now() < refused.until)
      throw unavailable(REFUSED);
    const reply = await send(attempt.call, deadlineOf(), attempt.token);
    const token = reply.status === 200 ? attempt.tokenOf(reply.body) : undefined;
    if (token) return hold(token);
    if (!isRefusal(reply)) return deny(`Vault answers ${reply.status} to the login`);
    refused = { credentials: attempt.credentials, until: performance.now() + REFUSED_FOR_MS };
    return deny(REFUSED);
  }

  /** The token, or one that is just being got: for all that wait for it. */
  function token(): Held | Promise<Held> {
    if (held) return held;
    loggingIn ??= getToken().finally(() => {
      loggingIn = undefined;
    });
    return loggingIn;
  }

  /** Whether Vault no longer knows it: a denied call tells nothing of that. */
  async function isGone(token: Held, deadline: number): Promise<boolean> {
    const { status } = await send(LOOKUP, deadline, token.text);
    if (status !== 403) return false;
    if (held === token) held = undefined;
    return true;
  }

  async function call(call: Call): Promise<Reply> {
    if (ending.signal.aborted) throw unavailable('the store of secrets is closed');
    const deadline = deadlineOf();
    for (let again = true; ; again = false) {
      const mine = await inTime(token(), deadline);
      const reply = await send(call, deadline, mine.text);
      if (reply.status !== 403) {
        if (mine === held) become('ready');
        return reply;
      }
      // A write that was denied was not done: to repeat it is safe.
      if (!again || !(await isGone(mine, deadline)))
        throw unavailable(`Vault's policy denies ${call.method} ${call.path}`);
    }
  }

  async function renew(token: Held): Promise<void> {
    const reply = await send(
      { method: 'POST', path: 'auth/token/renew-self', body: {} },
      deadlineOf(),
      token.text,
    );
    const auth = Auth.safeParse(reply.body).data?.auth;
    if (held !== token) return;
    const leftMs = (auth?.lease_duration ?? 0) * 1_000;
    if (reply.status === 200 && leftMs >= token.ttlMs / 2) hold(token, leftMs);
    else await replace(token);
  }

  /** Another token. The one that is left goes on being used until it is there. */
  async function replace(token: Held): Promise<void> {
    const fresh = await getToken();
    if (fresh.text !== token.text) await revoke(token);
  }

  const revoke = async (token: Held) => {
    if (!token.ours) return;
    await transport
      .request(
        { method: 'POST', path: 'auth/token/revoke-self', body: {} },
        { token: token.text, deadline: deadlineOf() },
      )
      .catch(() => {});
  };

  async function tend(): Promise<void> {
    const mine = await token();
    if (performance.now() < mine.renewAt) {
      if (await isGone(mine, deadlineOf())) await token();
      else become('ready');
    } else if (mine.renewable) await renew(mine);
    else await replace(mine);
  }

  /** Looks after the token. Its pauses are short, so that no lifetime is too long for a timer. */
  async function upkeep(): Promise<void> {
    while (!ending.signal.aborted) {
      let pauseMs = probeMs;
      try {
        await tend();
        failures.reset();
        pauseMs = Math.min(probeMs, Math.max(10, (held?.renewAt ?? 0) - performance.now()));
      } catch {
        // Told by the status.
        pauseMs = Math.max(20, failures.next());
      }
      await pause(pauseMs, ending.signal);
    }
  }
  const tended = upkeep();

  return {
    call,
    status: () => status,
    close: async () => {
      ending.abort();
      await tended;
      if (held) await revoke(held);
      held = undefined;
      transport.close();
    },
  };
}

/** A login that others wait for too has a deadline of its own. */
async function inTime<T>(work: T | Promise<T>, deadline: number): Promise<T> {
  if (!(work instanceof Promise)) return work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const failed = () => reject(unavailable('Vault does not answer in time'));
    timer = setTimeout(failed, Math.max(1, deadline - performance.now()));
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

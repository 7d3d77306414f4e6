/** What the authority streams of the trail, as it comes. */
import { fetch } from 'undici';
import { Failure, UsageError } from '../fault.ts';
import { answerFailure, networkReason } from '../http.ts';
import type { Settings } from '../settings.ts';

/** It sends a line a second at the least while it is at work. */
const TIMEOUT_MS = 600_000;

export type Query = Readonly<Record<string, string | number | undefined>>;

/**
 * The text of an answer, in parts.
 * @throws Failure; UsageError where no authority is known
 */
export async function* auditText(
  settings: Settings,
  path: string,
  query: Query = {},
): AsyncGenerator<string> {
  const { authority, token, tls } = settings;
  if (authority === undefined) {
    throw new UsageError('No authority is known: give --authority, set QVC_AUTHORITY, or run ./start first');
  }
  const url = new URL(`${authority}/api/v1/audit${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const decoder = new TextDecoder();
  try {
    const response = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(tls && { dispatcher: tls.dispatcher }),
    });
    if (response.status !== 200) {
      const { status, headers } = response;
      throw answerFailure(authority, status, await response.text(), headers.get('retry-after'));
    }
    for await (const part of response.body!) yield decoder.decode(part as Uint8Array, { stream: true });
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${authority} can't be reached, or broke off: ${networkReason(error, TIMEOUT_MS)}`);
  }
}

/** The same in lines, without their ends. */
export async function* auditLines(settings: Settings, path: string, query?: Query): AsyncGenerator<string> {
  let rest = '';
  for await (const part of auditText(settings, path, query)) {
    const lines = (rest + part).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}

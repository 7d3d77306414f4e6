/**
 * Tickets to the stream of events: an EventSource can't send headers, and a token has no place in a URL. A ticket
 * is signed with the hash of its token, which every node holds and no client does: so any node takes it, and it
 * dies with the token. It opens nothing but the stream.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { tokenId } from '@quantivista/access';
import { TOKENS_PREFIX } from '@quantivista/contracts';
import type { Replica } from '../../../follow/replica.ts';

export interface Tickets {
  /** The hash of the token that it was made for; `undefined` where there is none, or the ticket is no good. */
  holder(ticket: string): string | undefined;
}

const TICKET = /^([0-9a-f]{16})\.([0-9a-z]{1,10})\.([A-Za-z0-9_-]{43})$/;

/** Each ticket holds for longer than this, and for at most twice as long. */
const WINDOW_S = 3_600;

/**
 * When a ticket that is issued now ends, in seconds since the epoch. The same for a while: clients that are given
 * another URL connect anew. `offset` says when within the hour, so that not all of them do so together.
 */
export function ticketExpiry(nowMs: number, offset: number): number {
  const shift = offset % WINDOW_S;
  return (Math.floor((nowMs / 1_000 - shift) / WINDOW_S) + 2) * WINDOW_S + shift;
}

const signature = (tokenHash: string, id: string, expiry: string): Buffer =>
  createHmac('sha256', tokenHash).update(`ofrep-events ${id} ${expiry}`).digest();

/** The ticket of a token until then: `{token's id}.{expiry}.{signature}`. */
export function issueTicket(tokenHash: string, expiresS: number): string {
  const [id, expiry] = [tokenId(tokenHash), expiresS.toString(36)];
  return `${id}.${expiry}.${signature(tokenHash, id, expiry).toString('base64url')}`;
}

export function createTickets(replica: Replica, now: () => number = Date.now): Tickets {
  /** The hashes of all tokens by their ids; made when they are first asked for after one has changed. */
  let hashes: ReadonlyMap<string, string> | undefined;
  replica.listen({
    applied: ({ changes }) => {
      if (changes.some(({ key }) => key.startsWith(TOKENS_PREFIX))) hashes = undefined;
    },
    replaced: () => {
      hashes = undefined;
    },
  });
  const hashOf = (id: string): string | undefined => {
    hashes ??= new Map(
      (replica.current?.snapshot.others(TOKENS_PREFIX) ?? []).map(({ key }) => {
        const hash = key.slice(TOKENS_PREFIX.length);
        return [tokenId(hash), hash];
      }),
    );
    return hashes.get(id);
  };

  return {
    holder: ticket => {
      const [, id, expiry, signed] = TICKET.exec(ticket) ?? [];
      if (id === undefined || now() >= Number.parseInt(expiry!, 36) * 1_000) return undefined;
      const hash = hashOf(id);
      if (hash === undefined) return undefined;
      const isSigned = timingSafeEqual(signature(hash, id, expiry!), Buffer.from(signed!, 'base64url'));
      return isSigned ? hash : undefined;
    },
  };
}

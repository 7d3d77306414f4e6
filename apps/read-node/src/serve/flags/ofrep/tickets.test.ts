import { createToken, hashToken } from '@quantivista/access';
import { TOKENS_PREFIX } from '@quantivista/contracts';
import { buildSnapshot } from '@quantivista/snapshot';
import { expect, test } from 'vitest';
import { createHistory } from '../../../follow/history.ts';
import { createReplica } from '../../../follow/replica.ts';
import { createTickets, issueTicket, ticketExpiry } from './tickets.ts';

const NOW_MS = Date.parse('2026-06-01T12:00:00Z');
const LATER_S = NOW_MS / 1_000 + 60;
const hashes = [hashToken(createToken()), hashToken(createToken())];
const entry = (hash: string) => ({ key: TOKENS_PREFIX + hash, value: '{"name":"page"}', modRevision: 1 });

function start(now = () => NOW_MS) {
  const replica = createReplica({ agingMs: 1_000, staleMs: 1_000 });
  const tickets = createTickets(replica, now);
  const load = (of = hashes) =>
    replica.replace({
      snapshot: buildSnapshot('g', 5, of.map(entry)),
      history: createHistory(5, { length: 4 }),
    });
  return { replica, tickets, load };
}

test('a ticket is good wherever its token is known, from when it is', () => {
  const { tickets, load } = start();
  const ticket = issueTicket(hashes[0]!, LATER_S);
  expect(tickets.holder(ticket)).toBeUndefined();
  load();
  expect(tickets.holder(ticket)).toBe(hashes[0]);
  expect(tickets.holder(issueTicket(hashes[1]!, LATER_S))).toBe(hashes[1]);
  expect(ticket).not.toContain(hashes[0]!.slice(16));
});

test('it dies with its token, and with its time', () => {
  const { tickets, load, replica } = start();
  load();
  const ticket = issueTicket(hashes[0]!, LATER_S);
  expect(tickets.holder(issueTicket(hashes[0]!, NOW_MS / 1_000))).toBeUndefined();
  const gone = { key: TOKENS_PREFIX + hashes[0], value: undefined, previous: undefined };
  replica.apply({ revision: 6, changes: [gone] });
  expect(tickets.holder(ticket)).toBeUndefined();
  expect(tickets.holder(issueTicket(hashes[1]!, LATER_S))).toBe(hashes[1]);
});

test('nothing of it can be altered', () => {
  const { tickets, load } = start();
  load();
  const [id, expiry, signature] = issueTicket(hashes[0]!, LATER_S).split('.') as [string, string, string];
  const other = issueTicket(hashes[1]!, LATER_S).split('.') as [string, string, string];
  for (const ticket of [
    `${other[0]}.${expiry}.${signature}`,
    `${id}.${(LATER_S + 1).toString(36)}.${signature}`,
    `${id}.${expiry}.${other[2]}`,
    `${id}.${expiry}.${signature.slice(1)}`,
    `${id}.${expiry}.${signature}A`,
    `${id}.${expiry}.`,
    `${id}.0${expiry}.${signature}`,
    '',
    '..',
  ])
    expect(tickets.holder(ticket)).toBeUndefined();
});

test('a ticket is the same for an hour, and holds for more than another', () => {
  const HOUR_MS = 3_600_000;
  for (const offset of [0, 1, 1_799, 4_294_967_295]) {
    const ends = Array.from({ length: 61 }, (_, minute) => ticketExpiry(NOW_MS + minute * 60_000, offset));
    expect(new Set(ends).size).toBe(2);
    for (const [minute, end] of ends.entries()) {
      const leftMs = end * 1_000 - (NOW_MS + minute * 60_000);
      expect(leftMs).toBeGreaterThan(HOUR_MS);
      expect(leftMs).toBeLessThanOrEqual(2 * HOUR_MS);
    }
  }
  expect(ticketExpiry(NOW_MS, 5)).not.toBe(ticketExpiry(NOW_MS, 6));
});

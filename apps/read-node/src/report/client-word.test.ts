import type { AckMessage, ClientWord } from '@quantivista/contracts';
import { describe, expect, test } from 'vitest';
import { heard, worse } from './client-word.ts';

const ack = (revision: number): AckMessage => ({ type: 'ack', revision, applied: true });
const refusal = (revision: number, error?: string): AckMessage => ({
  type: 'ack',
  revision,
  applied: false,
  ...(error !== undefined && { error }),
});

describe('what a client has said in all', () => {
  test.each<[string, AckMessage[], ClientWord]>([
    ['the newest that it applied', [ack(3), ack(9), ack(5)], { acked: 9 }],
    ['the newest that it refused, and why', [refusal(4, 'b'), refusal(3, 'a')], { refused: 4, reason: 'b' }],
    ['both', [ack(3), refusal(4), ack(5)], { acked: 5, refused: 4 }],
    ['a reason for the newest refusal alone', [refusal(3, 'a'), refusal(4)], { refused: 4 }],
    ['no refusal of what it has applied after all', [ack(2), refusal(4, 'b'), ack(4)], { acked: 4 }],
    ['a refusal of what it had applied', [ack(4), refusal(4)], { acked: 4, refused: 4 }],
    ['revision 0', [ack(0)], { acked: 0 }],
  ])('is %s', (_, said, word) => {
    expect(said.reduce(heard, {})).toEqual(word);
  });

  test('is the same object where there is no news', () => {
    const word: ClientWord = { acked: 5, refused: 4, reason: 'b' };
    for (const old of [ack(5), ack(1), refusal(4, 'c'), refusal(2)]) expect(heard(word, old)).toBe(word);
  });

  test('has a reason that is short, and text', () => {
    const { reason } = heard({}, refusal(1, `${'x'.repeat(199)}\u{1f600}`));
    expect([reason!.length, reason!.isWellFormed()]).toEqual([200, true]);
  });
});

test.each<[ClientWord, ClientWord, ClientWord]>([
  [{ acked: 3 }, { acked: 5 }, { acked: 3 }],
  [{ acked: 3 }, {}, {}],
  [{}, {}, {}],
  [{ acked: 5, refused: 4, reason: 'b' }, { acked: 6 }, { acked: 5, refused: 4, reason: 'b' }],
  [{ refused: 4, reason: 'b' }, { acked: 6, refused: 5 }, { refused: 5 }],
])('of two streams, %j and %j, the worse is %j', (one, other, expected) => {
  expect(worse(one, other)).toEqual(expected);
  expect(worse(other, one)).toEqual(expected);
});

import type { Receipt } from '@quantivista/contracts';
import { describe, expect, test } from 'vitest';
import type { AudienceRecord, Watcher } from '../serve/watch/audience.ts';
import { createAudienceRecord } from './audience-record.ts';

const watcher = (service: string, instanceId?: string): Watcher => ({
  topic: { environment: 'TEST', service },
  instanceId,
});
const ack = (revision: number) => ({ type: 'ack', revision, applied: true }) as const;
const refusal = (revision: number, error?: string) =>
  ({ type: 'ack', revision, applied: false, ...(error !== undefined && { error }) }) as const;
const receipt = (record: { receipts(): Receipt[] }, revision: number) =>
  record.receipts().find(each => each.revision === revision);

describe('who watches', () => {
  test('each stream counts, each name once, for as long as there is a stream', () => {
    const record = createAudienceRecord();
    const twice = [watcher('risk', 'a'), watcher('risk', 'a')];
    const other = watcher('pricing', 'b');
    for (const each of [...twice, watcher('risk'), other]) record.joined(each);
    expect(record.audiences(100)).toEqual({
      'TEST/risk': { instance_ids: ['a'], watchers: 3, unnamed: 1 },
      'TEST/pricing': { instance_ids: ['b'], watchers: 1, unnamed: 0 },
    });
    record.left(twice[0]!);
    expect(record.audiences(100)['TEST/risk']).toEqual({ instance_ids: ['a'], watchers: 2, unnamed: 1 });
    record.left(twice[1]!);
    record.left(other);
    expect(record.audiences(100)).toEqual({
      'TEST/risk': { instance_ids: [], watchers: 1, unnamed: 1 },
    });
  });

  test('names beyond the limit are those of the largest audience', () => {
    const record = createAudienceRecord();
    for (let index = 0; index < 50; index++) record.joined(watcher('large', `l${index}`));
    for (let index = 0; index < 3; index++) record.joined(watcher('small', `s${index}`));
    const { 'TEST/large': large, 'TEST/small': small } = record.audiences(10);
    expect([large!.instance_ids.length, large!.watchers, large!.truncated]).toEqual([7, 50, true]);
    expect([small!.instance_ids, small!.truncated]).toEqual([['s0', 's1', 's2'], undefined]);
  });
});

describe('what instances said', () => {
  const wordsOf = (record: AudienceRecord, limit = 100) => {
    const { instance_ids, words } = record.audiences(limit)['TEST/risk']!;
    return Object.fromEntries(instance_ids.map((id, index) => [id, words?.[index]]));
  };

  test('is told beside their names, and of several streams the worst', () => {
    const record = createAudienceRecord();
    const [a, twin, b, silent] = ['a', 'a', 'b', 'silent'].map(id => watcher('risk', id));
    for (const each of [a!, twin!, b!, silent!]) record.joined(each);
    expect(record.audiences(100)['TEST/risk']).not.toHaveProperty('words');
    // Of a revision that came as a snapshot there is no receipt, and a word all the same.
    record.acknowledged(b!, ack(7));
    record.acknowledged(a!, ack(9));
    expect(wordsOf(record)).toEqual({ a: null, b: { acked: 7 }, silent: null });
    record.acknowledged(twin!, ack(8));
    record.acknowledged(b!, refusal(8, 'too low'));
    expect(wordsOf(record)).toEqual({
      a: { acked: 8 },
      b: { acked: 7, refused: 8, reason: 'too low' },
      silent: null,
    });
    record.left(twin!);
    expect(wordsOf(record, 1)).toEqual({ a: { acked: 9 } });
  });

  test('a refusal that was made good is told as long as the receipt', () => {
    const record = createAudienceRecord();
    const client = watcher('risk', 'a');
    record.joined(client);
    record.applied(1, 1, []);
    record.acknowledged(client, refusal(1));
    record.acknowledged(client, ack(2));
    expect(wordsOf(record)).toEqual({ a: { acked: 2, refused: 1 } });
    for (let revision = 2; revision <= 65; revision++) record.applied(revision, 1, []);
    expect(wordsOf(record)).toEqual({ a: { acked: 2 } });
  });

  test('means nothing when the store begins another life', () => {
    const record = createAudienceRecord();
    const client = watcher('risk', 'a');
    record.joined(client);
    record.applied(9, 1, []);
    record.acknowledged(client, ack(9));
    record.forget();
    expect([record.receipts(), wordsOf(record)]).toEqual([[], { a: undefined }]);
    record.applied(3, 1, []);
    record.acknowledged(client, ack(3));
    expect([receipt(record, 3)!.acked, wordsOf(record)]).toEqual([1, { a: { acked: 3 } }]);
  });

  test('is news once', () => {
    let changes = 0;
    const record = createAudienceRecord({ onChange: () => changes++ });
    const client = watcher('risk', 'a');
    record.joined(client);
    const before = changes;
    for (const said of [ack(5), ack(5), ack(4), refusal(6), refusal(6, 'again'), refusal(3)])
      record.acknowledged(client, said);
    expect(changes - before).toBe(2);
  });
});

describe('receipts', () => {
  test('are kept of the newest 64 revisions, newest last', () => {
    const record = createAudienceRecord();
    for (let revision = 1; revision <= 100; revision++) record.applied(revision, 2.34, ['TEST/risk']);
    expect(record.receipts().map(({ revision }) => revision)).toEqual(
      Array.from({ length: 64 }, (_, index) => index + 37),
    );
    expect(record.receipts()[0]).toEqual({
      revision: 37,
      applied_after_ms: 2.3,
      acked: 0,
      refused: 0,
      topics: ['TEST/risk'],
    });
  });

  test('count a stream once a revision, in whatever order it speaks', () => {
    const record = createAudienceRecord();
    const [first, second] = [watcher('risk', 'a'), watcher('risk', 'a')];
    for (let revision = 1; revision <= 64; revision++) record.applied(revision, 1, []);
    for (const revision of [64, 3, 3, 64, 17, 3]) record.acknowledged(first, ack(revision));
    record.acknowledged(second, ack(3));
    record.acknowledged(second, refusal(3, 'a second thought'));
    expect(receipt(record, 64)).toMatchObject({ acked: 1, refused: 0 });
    expect(receipt(record, 3)).toMatchObject({ acked: 2, refused: 0 });
    expect(receipt(record, 17)).toMatchObject({ acked: 1 });
    // Revisions that come later take the place of those that go.
    for (let revision = 65; revision <= 100; revision++) record.applied(revision, 1, []);
    for (const revision of [100, 64, 65, 3]) record.acknowledged(first, ack(revision));
    expect([100, 65, 64].map(revision => receipt(record, revision)!.acked)).toEqual([1, 1, 1]);
    expect(receipt(record, 3)).toBeUndefined();
  });

  test('keep a few reasons, each once, cut to a length', () => {
    const record = createAudienceRecord();
    record.applied(1, 1, []);
    const reasons = ['too low', 'too low', 'too high', 'x'.repeat(1_000), 'one more', undefined];
    for (const reason of reasons) record.acknowledged(watcher('risk'), refusal(1, reason));
    expect(receipt(record, 1)).toMatchObject({
      acked: 0,
      refused: 6,
      reasons: ['too low', 'too high', 'x'.repeat(200)],
    });
  });

  test('of what was never applied here, or long ago, no word is taken', () => {
    let changes = 0;
    const record = createAudienceRecord({ onChange: () => changes++ });
    record.acknowledged(watcher('risk'), ack(7));
    expect([record.receipts(), changes]).toEqual([[], 0]);
  });

  test('the time of an ack is reckoned from the commit', () => {
    const times: number[] = [];
    const record = createAudienceRecord({ onAck: afterMs => times.push(afterMs) });
    record.applied(1, 50, []);
    record.acknowledged(watcher('risk'), ack(1));
    record.acknowledged(watcher('risk'), refusal(1));
    expect(times).toHaveLength(1);
    expect(times[0]).toBeGreaterThanOrEqual(50);
  });
});

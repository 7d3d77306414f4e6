import {
  COMMIT_KEY,
  createScope,
  EVERYTHING,
  HEARTBEAT_KEY,
  type RevisionLine,
} from '@quantivista/contracts';
import { createSnapshot, type Snapshot } from '@quantivista/snapshot';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPast, digestOf, GENERATION, type Past, sorted, steps } from '../../../test/random-past.ts';
import { createCursor } from './cursor.ts';

/** All that the cursor gives now, as a child would apply it. */
function drain(cursor: ReturnType<typeof createCursor>, past: Past, child: Snapshot): RevisionLine[] {
  const lines: RevisionLine[] = [];
  for (;;) {
    const line = cursor.next(past.replica.current!);
    if (line === 'compacted') throw new Error('compacted');
    if (!line) return lines;
    expect(line.revision).toBeGreaterThan(child.revision);
    expect(cursor.told).toBe(line.revision);
    child.apply(
      line.revision,
      line.changes.map(({ key, value }) => ({ key, value: value ?? undefined })),
    );
    lines.push(line);
  }
}

/** Play the steps, the child reading after some of them. */
function follow(
  scope: typeof EVERYTHING,
  all: readonly Parameters<Past['play']>[0][],
  reads: readonly boolean[],
) {
  const past = createPast();
  const child = createSnapshot(GENERATION);
  const cursor = createCursor(0, scope);
  const lines: RevisionLine[] = [];
  for (const [index, step] of all.entries()) {
    past.play(step);
    if (reads[index % reads.length]) lines.push(...drain(cursor, past, child));
  }
  lines.push(...drain(cursor, past, child));
  return { past, child, cursor, lines };
}
const reading = fc.array(fc.boolean(), { minLength: 1 });

describe('a child of everything', () => {
  test('ends with the same keys, values, mod revisions and digest, whenever it reads', () => {
    fc.assert(
      fc.property(steps, reading, (all, reads) => {
        const { past, child } = follow(EVERYTHING, all, reads);
        expect(sorted(child.entries())).toEqual(sorted(past.entries()));
        expect(child.digest()).toBe(past.replica.current!.snapshot.digest());
      }),
    );
  });

  test('is told each revision with changes once', () => {
    fc.assert(
      fc.property(steps, reading, (all, reads) => {
        const { lines } = follow(EVERYTHING, all, reads);
        const told = lines.filter(({ changes }) => changes.some(({ key }) => key !== HEARTBEAT_KEY));
        const made = all.flatMap((step, index) => (typeof step === 'object' ? [2 * (index + 1)] : []));
        expect(told.map(({ revision }) => revision)).toEqual(made);
      }),
    );
  });
});

describe('a child of one environment', () => {
  const scope = createScope(['TEST']);

  test('ends with what the parent has of it, and is told nothing of the others', () => {
    fc.assert(
      fc.property(steps, reading, (all, reads) => {
        const { past, child, lines } = follow(scope, all, reads);
        const mine = (key: string) => key.startsWith('/quantivista/test/') || key === HEARTBEAT_KEY;
        const without = [...child.entries()].filter(({ key }) => key !== COMMIT_KEY);
        expect(sorted(without)).toEqual(sorted(past.entries().filter(({ key }) => mine(key))));
        expect(child.digest()).toBe(digestOf(scope.state(past.entries())));
        expect(JSON.stringify(lines)).not.toMatch(/production|staging/);
      }),
    );
  });

  test('is brought to the newest revision by a line without changes', () => {
    const { past, cursor } = follow(scope, [{ 'TEST/a': 1 }, { 'PRODUCTION/a': 1 }], [true]);
    expect(cursor.told).toBe(2);
    expect(cursor.advance(past.replica.current!)).toEqual({ revision: 4, changes: [] });
    past.play({ 'TEST/a': 2 });
    expect(cursor.next(past.replica.current!)).toMatchObject({ revision: 6 });
  });
});

test('a child whose place the history has passed is told so, however little it lacks', () => {
  const past = createPast(2);
  const cursor = createCursor(0, createScope(['TEST']));
  for (let count = 0; count < 5; count++) past.play({ 'PRODUCTION/a': count });
  expect(cursor.next(past.replica.current!)).toBe('compacted');
});

import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

const turn = () => new Promise(resolve => setImmediate(resolve));
const work = (ms: number) => {
  const endAt = performance.now() + ms;
  while (performance.now() < endAt);
};

test('tasks are done in order, in slices, and others have their turn between them', async () => {
  const turns = createTurns(1);
  const done: number[] = [];
  for (let n = 0; n < 6; n++)
    turns(() => {
      work(2);
      done.push(n);
    });
  expect(done).toEqual([]);
  await turn();
  // Each uses up its slice.
  expect(done).toEqual([0]);
  await turn();
  expect(done).toEqual([0, 1]);
  while (done.length < 6) await turn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a task that is added while others are done waits for its turn, and so do those after all are done', async () => {
  const turns = createTurns(1_000);
  const done: string[] = [];
  turns(() => {
    done.push('first');
    turns(() => done.push('added'));
  });
  await turn();
  expect(done).toEqual(['first', 'added']);
  turns(() => done.push('later'));
  await turn();
  expect(done).toEqual(['first', 'added', 'later']);
});

test('what follows as microtasks counts where it is part of the work', async () => {
  const takenInOneTurn = async (withMicrotasks: boolean) => {
    const turns = createTurns(5, { withMicrotasks });
    let taken = 0;
    const done: Promise<void>[] = [];
    for (let n = 0; n < 10; n++)
      turns(() => {
        taken++;
        done.push(Promise.resolve().then(() => work(10)));
      });
    await turn();
    const inOne = taken;
    while (done.length < 10) await turn();
    await Promise.all(done);
    return inOne;
  };
  expect(await takenInOneTurn(false)).toBe(10);
  // One whose work is known by then, and the one that was begun before it was.
  expect(await takenInOneTurn(true)).toBeLessThanOrEqual(2);
});

test('between two slices others have the rest, however often they ask', async () => {
  const turns = createTurns(1, { restMs: 20 });
  const doneAt: number[] = [];
  for (let n = 0; n < 3; n++)
    turns(() => {
      work(2);
      doneAt.push(performance.now());
    });
  while (doneAt.length < 3) await turn();
  const rests = doneAt.slice(1).map((at, index) => at - doneAt[index]! - 2);
  // A timer may be early by the fraction of a millisecond that its clock does not show.
  for (const rest of rests) expect(rest).toBeGreaterThan(18);
});

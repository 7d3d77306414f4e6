import { expect, test } from 'vitest';
import { createGate } from './gate.ts';

test('no more than the limit are inside, in the order of arrival, and whoever gave up is passed over', async () => {
  const gate = createGate(2);
  const order: string[] = [];
  const enter = (name: string, timeoutMs = 10_000) =>
    gate.enter(timeoutMs).then(entered => order.push(entered ? name : `${name} gave up`));
  await Promise.all([enter('a'), enter('b')]);
  const [third, fourth] = [enter('c', 5), enter('d')];
  await third;
  expect(order).toEqual(['a', 'b', 'c gave up']);
  gate.leave();
  await fourth;
  expect(order.at(-1)).toBe('d');
  const fifth = enter('e');
  gate.leave();
  await fifth;
  gate.leave();
  gate.leave();
  expect(await gate.enter(1)).toBe(true);
  expect(await gate.enter(1)).toBe(true);
  expect(await gate.enter(1)).toBe(false);
});

import { afterEach, expect, test, vi } from 'vitest';
import { createListeners } from './listeners.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

test('one that throws keeps nobody from being told, and what it throws is uncaught', () => {
  const thrown: (() => void)[] = [];
  vi.stubGlobal('queueMicrotask', (task: () => void) => thrown.push(task));
  const listeners = createListeners<number>();
  const told: number[] = [];
  listeners.add(() => {
    throw new Error('a fault of the program');
  });
  listeners.add(each => told.push(each));
  listeners.tell(7);
  expect(told).toEqual([7]);
  expect(thrown).toHaveLength(1);
  expect(thrown[0]).toThrow('a fault of the program');
});

test('added twice it is told twice, and taken back once it is told once', () => {
  const listeners = createListeners<number>();
  const told: number[] = [];
  const listener = (each: number) => void told.push(each);
  const forget = listeners.add(listener);
  listeners.add(listener);
  listeners.tell(1);
  forget();
  listeners.tell(2);
  expect(told).toEqual([1, 1, 2]);
});

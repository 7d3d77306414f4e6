import { expect, test } from 'vitest';
import { onAbort } from './on-abort.ts';

test('it is told at the abort, once, and at once where that is over', () => {
  const abort = new AbortController();
  const told: string[] = [];
  onAbort(abort.signal, () => told.push('before'));
  expect(told).toEqual([]);
  abort.abort();
  expect(told).toEqual(['before']);
  const takeBack = onAbort(abort.signal, () => told.push('after'));
  expect(told).toEqual(['before', 'after']);
  takeBack();
  abort.abort();
  expect(told).toEqual(['before', 'after']);
});

test('what is taken back is not told, and takes nobody else along', () => {
  const abort = new AbortController();
  let told = 0;
  const act = () => void told++;
  const takeBack = onAbort(abort.signal, act);
  onAbort(abort.signal, act);
  takeBack();
  takeBack();
  abort.abort();
  expect(told).toBe(1);
});

test('one that is told during the abort may take back another', () => {
  const abort = new AbortController();
  const told: string[] = [];
  onAbort(abort.signal, () => takeBack());
  const takeBack = onAbort(abort.signal, () => told.push('another'));
  abort.abort();
  expect(told).toEqual([]);
});

import { expect, test } from 'vitest';
import { until } from './until.ts';

test('answers the first truthy result; failures before it count as not yet', async () => {
  let asked = 0;
  const condition = async () => {
    if (++asked === 1) throw new Error('refused');
    return asked >= 3 && `asked ${asked} times`;
  };
  expect(await until(condition, { what: 'it', intervalMs: 1 })).toBe('asked 3 times');
});

test('the error names what was awaited, and the last failure is its cause', async () => {
  const waiting = until(() => Promise.reject(new Error('refused')), { what: 'the tide', timeoutMs: 20 });
  await expect(waiting).rejects.toThrow('waited 20 ms for the tide');
  await expect(waiting).rejects.toMatchObject({ cause: { message: 'refused' } });
});

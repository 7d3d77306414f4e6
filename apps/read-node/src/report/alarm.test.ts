import { expect, test } from 'vitest';
import { createAlarm } from './alarm.ts';

const never = new AbortController().signal;

test('an earlier time replaces a later one, and a later one nothing', async () => {
  const alarm = createAlarm();
  alarm.within(60_000);
  const ringing = alarm.ring(never);
  alarm.within(1);
  alarm.within(60_000);
  await ringing;
});

test('what was set while nobody waited rings at once, and once', async () => {
  const alarm = createAlarm();
  alarm.within(0);
  await alarm.ring(never);
  const again = alarm.ring(never);
  let rang = false;
  again.then(() => {
    rang = true;
  });
  await new Promise(resolve => setImmediate(resolve));
  expect(rang).toBe(false);
  alarm.within(0);
  await again;
});

test('it ends with the signal', async () => {
  const alarm = createAlarm();
  const stop = new AbortController();
  alarm.within(60_000);
  const ringing = alarm.ring(stop.signal);
  stop.abort();
  await ringing;
  await alarm.ring(stop.signal);
});

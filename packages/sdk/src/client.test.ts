import { expect, test } from 'vitest';
import { at, GENERATION } from '../test/frames.ts';
import { eventually, lasting, limited, limitOf, limitSet, useScripts } from '../test/scripts.ts';

const { node, client } = useScripts();

test('it asks for what it follows, as who it is', async () => {
  const scripted = await node(lasting(limited(7, 10)));
  const { config } = client([scripted], { token: 'not-a-real-token', instanceId: 'risk-1', prefix: 'li' });
  await config.ready();
  expect(scripted.asked).toEqual([
    {
      path: '/api/v1/config/stream/risk_engine',
      query: { environment: 'PRODUCTION', instance_id: 'risk-1', prefix: 'li' },
      token: 'not-a-real-token',
    },
  ]);
  expect(config.applied).toMatchObject({ ...at(7), values: { limit: 10 } });
  expect(config.status).toMatchObject({ node: scripted.url, seen: at(7), refused: undefined });
});

test('frames of types to come are left out', async () => {
  const scripted = await node(stream => {
    stream.send(`{"type":"tomorrow","generation":"${GENERATION}","revision":1}`);
    stream.send(limited(7, 10));
  });
  const { config, troubles } = client([scripted]);
  await config.ready();
  expect(troubles).toEqual([]);
});

test('what can’t be used is not, is told of, and the node hears why', async () => {
  const scripted = await node(lasting(limited(7, 10), limitSet(8, -1), limitSet(9, 12)));
  const seen: unknown[] = [];
  const { config, troubles } = client([scripted], {
    instanceId: 'risk-1',
    parse: values => {
      if ((values.limit as number) < 0) throw new Error('limit: must be above 0');
      return { limit: values.limit as number };
    },
  });
  config.onChange(({ settings, previous, keys, updates }) => {
    seen.push([previous?.settings.limit, settings.limit, keys, updates.map(({ reason }) => reason)]);
  });
  await eventually(() => expect(config.status.seen).toEqual(at(9)));
  expect(seen).toEqual([
    [undefined, 10, ['limit'], []],
    [10, 12, ['limit'], ['review']],
  ]);
  expect(troubles).toEqual([{ ...at(8), error: 'limit: must be above 0' }]);
  const who = { environment: 'PRODUCTION', service_name: 'risk_engine', instance_id: 'risk-1' };
  // Whether those between were sent depends on how fast they came: the newest always is.
  await eventually(() => expect(scripted.acks.at(-1)).toEqual({ ...who, revision: 9, applied: true }));
});

test('keys one by one, and no more once that was taken back', async () => {
  let go: (() => void) | undefined;
  const scripted = await node(stream => {
    stream.send(limited(7, 10));
    go = () => lasting(limitSet(8, 11), limitSet(9, 12))(stream, scripted.asked[0]!);
  });
  const { config } = client([scripted]);
  await config.ready();
  const told: unknown[] = [];
  const forget = config.onKey('limit', (value, before) => {
    told.push([before, value]);
    forget();
  });
  config.onKey('other', () => expect.fail('of another key'));
  go!();
  await eventually(() => expect(limitOf(config)).toBe(12));
  expect(told).toEqual([[10, 11]]);
});

test('closed, it lets go of the node and keeps what it holds', async () => {
  let closed: Promise<void> | undefined;
  const scripted = await node(stream => {
    closed = stream.closed;
    stream.send(limited(7, 10));
  });
  const { config, troubles } = client([scripted]);
  await config.ready();
  config.close();
  await closed;
  expect(limitOf(config)).toBe(10);
  expect(config.status.node).toBeUndefined();
  expect(troubles).toEqual([]);
  await config.ready();
});

test('closed before there were settings, nobody waits for them', async () => {
  const { config } = client([await node(() => {})]);
  const ready = config.ready();
  config.close();
  await expect(ready).rejects.toThrow('closed before there were settings');
  await expect(config.ready()).rejects.toThrow('closed before there were settings');
});

test('it needs a node', () => {
  expect(() => client([])).toThrow(TypeError);
});

import type { AckMessage } from '@quantivista/contracts';
import { afterEach, describe, expect, test } from 'vitest';
import { ACK_BURST } from './acks.ts';
import type { Watcher } from './audience.ts';
import { change, createSocket, type HubUnderTest, startHub, until } from './hub-under-test.ts';
import type { NoticeSource } from './notices.ts';

let at: HubUnderTest;
afterEach(() => at.hub.drain());
const reasonOf = ({ closed }: { closed: { reason: string } | undefined }) =>
  (JSON.parse(closed?.reason ?? '{}') as { reason?: string }).reason;

describe('a stream of notices', () => {
  const bytes = Buffer.from('{}');
  const source = (held: () => boolean): NoticeSource => ({
    notice: () => ({ text: '{}', size: 2, bytes, event: bytes }),
    listen: () => {},
    holds: held,
  });
  const joinNotices = () => {
    const socket = createSocket('sse');
    at.hub.join(socket, { tokenHash: 'x' });
    return socket;
  };

  test('is counted, leaves, and ends with the node, as the others do', async () => {
    at = startHub({ notices: source(() => true) });
    const [first, second] = [joinNotices(), joinNotices()];
    await at.watch('risk');
    expect(first.texts).toEqual(['{}']);
    expect([at.hub.watchers, at.hub.watchersBy.sse]).toEqual([3, 2]);
    at.hub.leave(first);
    at.hub.receive(second, '{}');
    expect(at.hub.watchers).toBe(2);
    await at.hub.drain();
    expect([first.closed, second.closed?.code]).toEqual([undefined, 1012]);
    expect([at.hub.watchers, joinNotices().closed?.code]).toEqual([0, 1012]);
  });

  test('ends with 1008 once its token does not hold any more', async () => {
    let isHeld = true;
    at = startHub({ notices: source(() => isHeld), heartbeatMs: 5 });
    const socket = joinNotices();
    await until(() => socket.texts.length === 1, 'the notice');
    isHeld = false;
    await until(() => socket.closed, 'it to be closed');
    expect([socket.closed!.code, reasonOf(socket)]).toEqual([1008, 'unauthenticated']);
  });
});

describe('the end', () => {
  test('of a node: no more join, all are closed with 1012 within the time for it, and until then are told', async () => {
    at = startHub({ drainMs: 60 });
    const sockets = await Promise.all(Array.from({ length: 30 }, () => at.watch('risk')));
    const drained = at.hub.drain();
    expect(at.hub.draining).toBe(true);
    const late = await at.watch('risk');
    expect(late.closed?.code).toBe(1012);
    await until(() => sockets.some(({ closed }) => closed), 'the first to be closed');
    at.apply(11, change('risk', 'a', 2));
    await drained;
    expect(new Set(sockets.map(({ closed }) => closed?.code))).toEqual(new Set([1012]));
    expect(reasonOf(sockets[0]!)).toBe('shutting_down');
    expect(at.hub.watchers).toBe(0);
  });

  test('of a stream that has grown old: 1012', async () => {
    at = startHub({ maxAgeMs: 20 });
    const socket = await at.watch('risk');
    await until(() => socket.closed, 'it to be closed');
    expect(socket.closed!.code).toBe(1012);
    expect(reasonOf(socket)).toBe('max_age');
  });

  test('the window for coming back grows with the number of watchers', async () => {
    at = startHub();
    expect(at.hub.reconnectWindowMs()).toBe(1_000);
    for (let count = 0; count < 4_000; count++) {
      at.hub.join(createSocket(), {
        topic: { environment: 'TEST', service: 'risk' },
        since: undefined,
        instanceId: undefined,
      });
    }
    expect(at.hub.reconnectWindowMs()).toBe(2_000);
  });
});

describe('acks', () => {
  const said: [Watcher, AckMessage][] = [];
  const here: Watcher[] = [];
  const start = () => {
    said.length = 0;
    here.length = 0;
    at = startHub({
      audience: {
        joined: watcher => here.push(watcher),
        left: watcher => here.splice(here.indexOf(watcher), 1),
        acknowledged: (watcher, ack) => said.push([watcher, ack]),
      },
    });
  };
  const ack = (more: object = {}) => JSON.stringify({ type: 'ack', revision: 10, applied: true, ...more });

  test('are passed on with who said them', async () => {
    start();
    const socket = await at.watch('risk', undefined, { instanceId: 'risk-1' });
    at.hub.receive(socket, ack({ applied: false, error: 'no' }));
    expect(said).toEqual([
      [
        { topic: { environment: 'TEST', service: 'risk' }, instanceId: 'risk-1' },
        { type: 'ack', revision: 10, applied: false, error: 'no' },
      ],
    ]);
    expect(said[0]![0]).toBe(here[0]);
    at.hub.leave(socket);
    expect(here).toEqual([]);
  });

  test.each([
    ['no JSON', 'x', 'message: is not JSON'],
    ['bytes', undefined, 'message: must be text'],
    ['another type', ack({ type: 'nack' }), /^ack\.type: /],
    ['no revision', ack({ revision: 'x' }), /^ack\.revision: /],
    ['a field too many', ack({ extra: 1 }), /^ack\.extra: /],
    ['an endless error', ack({ error: 'é'.repeat(3_000) }), /^ack\.error: /],
    ['a revision that is not reached', ack({ revision: 11 }), 'ack.revision: is not reached here'],
  ])('%s closes the stream with 1008, and says what is wrong', async (_, message, reason) => {
    start();
    const socket = await at.watch('risk');
    at.hub.receive(socket, message);
    expect(socket.closed?.code).toBe(1008);
    expect(Buffer.byteLength(socket.closed!.reason)).toBeLessThanOrEqual(123);
    expect(reasonOf(socket)).toMatch(reason);
    expect([said.length, at.hub.watchers]).toEqual([0, 0]);
  });

  test('more than is sane close the stream', async () => {
    start();
    const socket = await at.watch('risk');
    for (let count = 0; count <= ACK_BURST * 2; count++) at.hub.receive(socket, ack());
    expect(reasonOf(socket)).toBe('too many messages');
    expect(said.length).toBeGreaterThanOrEqual(ACK_BURST);
    expect(said.length).toBeLessThan(ACK_BURST * 2);
  });

  test('that are posted reach the streams of that instance, and are refused where there is none', async () => {
    start();
    await at.watch('risk', undefined, { instanceId: 'i' });
    await at.watch({ service: 'risk', prefix: 'x' }, undefined, { instanceId: 'i' });
    await at.watch('pricing', undefined, { instanceId: 'i' });
    const who = { environment: 'TEST', service_name: 'risk', instance_id: 'i' } as const;
    const post = { ...who, revision: 10, applied: true };
    at.hub.acknowledge(post);
    expect(said.map(([{ topic }]) => topic.service)).toEqual(['risk', 'risk']);
    expect(() => at.hub.acknowledge({ ...post, instance_id: 'other' })).toThrow('no such stream');
    expect(() => at.hub.acknowledge({ ...post, revision: 11 })).toThrow(
      expect.objectContaining({ code: 'revision_not_reached' }),
    );
  });
});

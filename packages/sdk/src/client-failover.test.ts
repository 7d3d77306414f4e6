import { expect, test } from 'vitest';
import { at, GENERATION, heartbeat } from '../test/frames.ts';
import { type Script, startScriptedNode } from '../test/scripted-node.ts';
import { eventually, lasting, limited, limitOf, limitSet, problem, useScripts } from '../test/scripts.ts';

const { node, client } = useScripts();

test('refused by one node it goes on at the next, and does not come back before its time', async () => {
  const full = await node(problem('overloaded', 503, { 'retry-after': '60' }));
  const other = await node(
    stream => {
      lasting(limited(7, 10), heartbeat(7))(stream, other.asked[0]!);
      stream.end();
    },
    lasting(heartbeat(9)),
  );
  const { config, codes } = client([full, other]);
  await eventually(() => expect(other.asked).toHaveLength(2));
  expect(full.asked).toHaveLength(1);
  expect(other.asked[1]!.query.since).toBe(`${GENERATION}:7`);
  await eventually(() => expect(config.status.seen).toEqual(at(9)));
  expect(codes()).toEqual(['overloaded']);
});

test.each<[string, string, Script]>([
  ['the connection breaks', 'unreachable', stream => stream.destroy()],
  ['a frame is none', 'malformed', stream => stream.send('{"type":')],
  ['it is behind what was seen', 'went_back', stream => stream.send(limited(6, 9))],
  [
    'it is not allowed any more',
    'forbidden',
    stream => {
      stream.write('event: closed\ndata: {"reason":"revoked"}\n\n');
      stream.end();
    },
  ],
])('where %s, it goes on at the next node from what it has seen', async (_, code, then) => {
  const first = await node(
    (stream, asked) => {
      lasting(limited(7, 10), heartbeat(7))(stream, asked);
      // Not in one piece with what comes before.
      setTimeout(() => then(stream, asked), 20);
    },
    problem('shutting_down', 503, { 'retry-after': '60' }),
  );
  const second = await node(lasting(limitSet(8, 11)));
  const { config, codes } = client([first, second]);
  await eventually(() => expect(config.status.seen).toEqual(at(8)));
  expect(second.asked[0]!.query.since).toBe(`${GENERATION}:7`);
  expect(limitOf(config)).toBe(11);
  expect(codes()[0]).toBe(code);
});

test('a refusal is said again to the next node', async () => {
  const first = await node(
    stream => {
      lasting(limited(7, -1), heartbeat(7))(stream, first.asked[0]!);
      setTimeout(() => stream.end(), 50);
    },
    problem('shutting_down', 503, { 'retry-after': '60' }),
  );
  const second = await node(lasting(heartbeat(7)));
  const { config } = client([first, second], {
    parse: () => {
      throw new Error('no use');
    },
  });
  const refusal = { revision: 7, applied: false, error: 'no use' };
  await eventually(() => expect(first.acks.at(-1)).toMatchObject(refusal));
  await eventually(() => expect(second.acks.at(-1)).toMatchObject(refusal));
  expect(() => config.settings).toThrow('await ready() first');
  await expect(config.ready(10)).rejects.toThrow('no settings after 10 ms: no use');
});

test('the token is asked for at each connection', async () => {
  const scripted = await node(problem('unauthenticated', 401), lasting(limited(7, 10)));
  let made = 0;
  const { config } = client([scripted], { token: async () => `token-${++made}` });
  await config.ready();
  expect(scripted.asked.map(({ token }) => token)).toEqual(['token-1', 'token-2']);
});

test.each<[string, () => Promise<string>, string]>([
  ['fails', () => Promise.reject(new Error('no such file')), 'no_token: no such file'],
  ['never comes', () => new Promise(() => {}), 'no_token: no answer in 100 ms'],
])('a token that %s is told of, and asked for again', async (_, token, message) => {
  const scripted = await node(lasting(limited(7, 10)));
  let asked = 0;
  const { config, troubles } = client([scripted], {
    token: () => (++asked === 1 ? token() : 'not-a-real-token'),
    requestTimeoutMs: 100,
  });
  await config.ready();
  expect(String(troubles[0])).toContain(message);
  expect(new Set(scripted.asked.map(each => each.token))).toEqual(new Set(['not-a-real-token']));
});

test('not ready in time, it says what is in the way', async () => {
  const scripted = await node(problem('forbidden', 403));
  const { config } = client([scripted]);
  await expect(config.ready(300)).rejects.toThrow(
    `no settings after 300 ms: ${scripted.url}: forbidden: detail`,
  );
  expect(config.status.trouble).toMatchObject({ code: 'forbidden', status: 403 });
});

test('an answer that is no node’s, and none at all', async () => {
  const proxy = await node({ status: 502, body: '<html>Bad Gateway</html>' });
  const gone = await startScriptedNode();
  await gone.stop();
  const { codes } = client([proxy, gone]);
  await eventually(() =>
    expect(codes()).toEqual(expect.arrayContaining(['unexpected_answer', 'unreachable'])),
  );
});

test('a node that takes the connection and never answers', async () => {
  const hung = await node(stream => stream.destroy());
  const options = { requestTimeoutMs: 100, fetch: (_: string, { signal }: RequestInit) => hang(signal!) };
  const { troubles } = client([hung], options);
  await eventually(() => expect(String(troubles[0])).toContain('unreachable: no answer in 100 ms'));
});
const hang = (signal: AbortSignal) =>
  new Promise<Response>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

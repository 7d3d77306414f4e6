import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { createLink, type Link } from './link.ts';

let target: Server;
let link: Link;
/** What arrived at the target. */
let arrived: string;
/** The target's ends of the connections. */
const inbound: Socket[] = [];
const clients: Socket[] = [];

beforeEach(async () => {
  arrived = '';
  target = createServer(socket => {
    inbound.push(socket);
    socket.on('error', () => {});
    socket.on('data', data => {
      arrived += data;
      socket.write(`echo ${data}`);
    });
  }).listen(0, '127.0.0.1');
  await once(target, 'listening');
  link = await createLink((target.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const socket of [...clients.splice(0), ...inbound.splice(0)]) socket.destroy();
  await link.close();
  target.close();
});

async function client() {
  const socket = connect(link.port, '127.0.0.1');
  clients.push(socket);
  let received = '';
  let closed = false;
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  socket.on('data', data => {
    received += data;
  });
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return {
    socket,
    get received() {
      return received;
    },
    get closed() {
      return closed;
    },
  };
}

async function talks(text: string): Promise<void> {
  const one = await client();
  one.socket.write(text);
  await until(() => one.received === `echo ${text}`, { what: `an echo of ${text}` });
}

test('open, both directions pass', async () => {
  await talks('hello');
  expect(new URL(link.url).port).toBe(String(link.port));
});

test('cut, connections break and new ones come to nothing; healed, new ones pass', async () => {
  const before = await client();
  link.cut();
  await until(() => before.closed, { what: 'the connection to break' });
  const during = await client();
  await until(() => during.closed, { what: 'the new connection to end' });
  link.heal();
  await talks('again');
});

test('hung, connections stay and nothing passes; healed, they break and new ones pass', async () => {
  const before = await client();
  before.socket.write('one');
  await until(() => before.received === 'echo one', { what: 'the first echo' });
  link.hang();
  const during = await client();
  for (const { socket } of [before, during]) socket.write('lost');
  // The only way to see that nothing happens is to look for a while.
  await new Promise(resolve => setTimeout(resolve, 100));
  expect([before.closed, during.closed]).toEqual([false, false]);
  expect([before.received, during.received, arrived]).toEqual(['echo one', '', 'one']);
  link.heal();
  await until(() => before.closed && during.closed, { what: 'what hung to break' });
  await talks('again');
});

test('hung, the end of the target is not told', async () => {
  const before = await client();
  before.socket.write('one');
  await until(() => before.received === 'echo one', { what: 'the echo' });
  link.hang();
  for (const socket of inbound) socket.destroy();
  await new Promise(resolve => setTimeout(resolve, 50));
  expect(before.closed).toBe(false);
});

test('with answers blocked, requests arrive and nothing comes back', async () => {
  const one = await client();
  link.blockAnswers();
  one.socket.write('ask');
  await until(() => arrived === 'ask', { what: 'the request to arrive' });
  await new Promise(resolve => setTimeout(resolve, 50));
  expect(one.received).toBe('');
  expect(one.closed).toBe(false);
});

test('with requests blocked, answers come and nothing arrives', async () => {
  const one = await client();
  one.socket.write('ask');
  await until(() => one.received === 'echo ask', { what: 'the first echo' });
  link.blockRequests();
  one.socket.write('lost');
  for (const socket of inbound) socket.write(' more');
  await until(() => one.received === 'echo ask more', { what: 'what the target says by itself' });
  expect(arrived).toBe('ask');
});

test('retargeted, the connection breaks and new ones lead elsewhere', async () => {
  const before = await client();
  before.socket.write('one');
  await until(() => before.received === 'echo one', { what: 'the echo' });
  const other = createServer(socket => socket.on('error', () => {}).write('the other')).listen(
    0,
    '127.0.0.1',
  );
  await once(other, 'listening');
  link.retarget((other.address() as AddressInfo).port);
  await until(() => before.closed, { what: 'the connection to break' });
  const after = await client();
  await until(() => after.received === 'the other', { what: 'the other target' });
  await link.close();
  other.close();
});

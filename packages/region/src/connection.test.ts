import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { closeRedis, connectRedis } from './connection.ts';

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test('closed between two attempts to connect: what waits fails, and so does what comes afterwards', async () => {
  const redis = connectRedis({ url: `redis://127.0.0.1:${await closedPort()}` }, 1_000);
  await new Promise(resolve => redis.once('reconnecting', resolve));
  const waiting = redis.ping().catch(error => error);
  closeRedis(redis);
  expect(await waiting).toBeInstanceOf(Error);
  await expect(redis.ping()).rejects.toThrow();
});

test('closed while it connects', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const redis = connectRedis({ url: `redis://127.0.0.1:${port}` }, 1_000);
  const waiting = redis.ping().catch(error => error);
  closeRedis(redis);
  expect(await waiting).toBeInstanceOf(Error);
  await expect(redis.ping()).rejects.toThrow();
  server.close();
});

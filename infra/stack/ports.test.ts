import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { createPorts } from './ports.ts';

test('random ports are below the ephemeral range and never the same twice', async () => {
  const [one, other] = [createPorts(), createPorts()];
  const ports = await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 ? one : other).next()));
  expect(new Set(ports).size).toBe(100);
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(10_000);
    expect(port).toBeLessThan(32_000);
  }
});

test('from a base on, what is taken is passed over', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ports = createPorts(port);
  const first = await ports.next();
  expect(first).toBeGreaterThan(port);
  expect(await ports.next()).toBeGreaterThan(first);
  server.close();
});

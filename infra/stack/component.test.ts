import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Component, type ComponentOptions, createComponent } from './component.ts';
import { createPorts } from './ports.ts';
import { until } from './until.ts';

let dir: string;
const created: Component[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'qv-component-'));
});
afterEach(async () => {
  await Promise.all(created.splice(0).map(component => component.kill()));
  rmSync(dir, { recursive: true, force: true });
});

/** Answers its pid and the variable MOOD. */
const SERVER = `
  require('node:http')
    .createServer((_, res) => res.end(process.pid + ' ' + process.env.MOOD))
    .listen(Number(process.argv[1]), '127.0.0.1')`;

const ask = async (url: string) => (await fetch(url, { signal: AbortSignal.timeout(300) })).text();

async function component(script: string, options: Partial<ComponentOptions> = {}): Promise<Component> {
  const port = await createPorts().next();
  const url = `http://127.0.0.1:${port}`;
  const dataDir = join(dir, 'data');
  const made = createComponent({
    name: 'example',
    url,
    port,
    command: process.execPath,
    args: ['-e', script, String(port)],
    dataDir,
    logFile: join(dir, 'log'),
    prepare: async () => void mkdirSync(dataDir, { recursive: true }),
    ready: async () => (await ask(url)) !== '',
    ...options,
  });
  created.push(made);
  return made;
}

const lives = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('the pid is the process, and variables given at a start hold for that life', async () => {
  const server = await component(SERVER, { env: { MOOD: 'calm' } });
  await server.start();
  const first = server.pid;
  expect(await ask(server.url)).toBe(`${first} calm`);
  await server.restart({ env: { MOOD: 'wild' } });
  expect(server.pid).not.toBe(first);
  expect(await ask(server.url)).toBe(`${server.pid} wild`);
  await server.restart();
  expect(await ask(server.url)).toBe(`${server.pid} calm`);
});

test('kill and stop wait for the end', async () => {
  const server = await component(SERVER);
  for (const end of [server.kill, server.stop]) {
    await server.start();
    const pid = server.pid!;
    await end();
    expect(server.running).toBe(false);
    expect(lives(pid)).toBe(false);
    await server.ended();
    await expect(ask(server.url)).rejects.toThrow();
  }
  await server.stop();
  await server.kill();
});

test('paused, it does not answer; resumed, it does; and stop ends a paused one', async () => {
  const server = await component(SERVER);
  await server.start();
  server.pause();
  await expect(ask(server.url)).rejects.toThrow();
  server.resume();
  expect(await ask(server.url)).toContain(String(server.pid));
  server.pause();
  await server.stop();
  expect(server.running).toBe(false);
});

test('paused, none of its threads goes on, however busy they keep the machine', async () => {
  const file = join(dir, 'written');
  const busy = `for (;;) require('node:fs').appendFileSync(${JSON.stringify(file)}, 'x')`;
  const server = await component(`
    const { Worker } = require('node:worker_threads');
    for (let count = 0; count < 8; count++) new Worker(${JSON.stringify(busy)}, { eval: true });
    ${SERVER}`);
  await server.start();
  const size = () => (existsSync(file) ? statSync(file).size : 0);
  for (let round = 0; round < 10; round++) {
    const before = size();
    await until(() => size() > before, { what: 'it to write' });
    server.pause();
    const paused = size();
    await pause(10);
    expect(size()).toBe(paused);
    server.resume();
  }
});

test('its own children are killed with it', async () => {
  const script = `
    const child = require('node:child_process').spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
    require('node:http').createServer((_, res) => res.end(String(child.pid))).listen(Number(process.argv[1]), '127.0.0.1')`;
  const server = await component(script);
  await server.start();
  const child = Number(await ask(server.url));
  expect(lives(child)).toBe(true);
  server.pause();
  await server.kill();
  await until(() => !lives(child), { what: 'the child to be gone' });
});

test('data is deleted while stopped alone', async () => {
  const server = await component(SERVER);
  const dataDir = join(dir, 'data');
  await server.start();
  expect(() => server.wipe()).toThrow('running');
  await server.stop();
  server.wipe();
  expect(existsSync(dataDir)).toBe(false);
  await server.start();
  expect(existsSync(dataDir)).toBe(true);
});

test('an early end is told at once, a late start at the limit, both with the log', async () => {
  const broken = await component(`console.error('out of paper'); process.exit(3)`);
  expect(broken.logEnd()).toBe('');
  await expect(broken.start()).rejects.toThrow(/ended before it was ready[\s\S]*out of paper/);
  expect(broken.logEnd()).toContain('out of paper');
  const silent = await component(`console.log('thinking'); setInterval(() => {}, 1000)`);
  await silent.start({ wait: false });
  await until(
    async () => {
      await expect(silent.ready(50)).rejects.toThrow(/waited 50 ms for example[\s\S]*thinking/);
      return true;
    },
    { what: 'the log to be shown' },
  );
});

test('what may need a second start gets it', async () => {
  const flag = join(dir, 'flag');
  const script = `
    const fs = require('node:fs')
    if (!fs.existsSync('${flag}')) { fs.writeFileSync('${flag}', ''); process.exit(1) }
    ${SERVER}`;
  const server = await component(script, { retryStart: true });
  await server.start();
  expect(server.running).toBe(true);
});

test('a missing command is an error', async () => {
  const missing = await component('', { command: '/nowhere/command' });
  await expect(missing.start()).rejects.toThrow('ended before it was ready');
});

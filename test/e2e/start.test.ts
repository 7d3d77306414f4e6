/** `./start` as a person uses it: in the foreground, two side by side, and nothing left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoints } from '@quantivista/contracts';
import { afterEach, describe, expect, test } from 'vitest';
import { ROOT } from '../../infra/stack/programs.ts';
import { until } from '../../infra/stack/until.ts';
import { askEtcd, base64 } from '../harness/etcd-gateway.ts';
import { redisCommand } from '../harness/redis-command.ts';

interface Started {
  readonly process: ChildProcess;
  readonly exit: Promise<number | null>;
  output(): string;
}
const all: Started[] = [];
afterEach(async () => {
  for (const each of all.splice(0)) {
    each.process.kill('SIGTERM');
    await each.exit;
  }
});

function start(...args: string[]): Started {
  const child = spawn(join(ROOT, 'start'), args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      text += chunk;
    });
  }
  const exit = new Promise<number | null>(resolve => child.on('exit', resolve));
  const started = { process: child, exit, output: () => text };
  all.push(started);
  return started;
}

const ready = (each: Started) =>
  until(() => each.output().includes('Ctrl-C ends everything'), {
    what: `./start: ${each.output()}`,
    timeoutMs: 100_000,
  });
const answers = (url: string) =>
  fetch(`${url}/livez`, { signal: AbortSignal.timeout(1_000) }).then(
    response => response.status === 200,
    () => false,
  );
/** Every address that the output names. */
const addresses = (each: Started) => [...new Set(each.output().match(/http:\/\/127\.0\.0\.1:\d+/g))];

test('--once shows the change at all four nodes and in the watcher’s frame, and ends with 0', async () => {
  const once = start('--once');
  expect(await once.exit).toBe(0);
  for (const node of ['eu-west-1', 'eu-west-2', 'us-east-1', 'us-east-2']) {
    expect(once.output()).toMatch(new RegExp(`read at ${node} +[0-9.]+ ms`));
  }
  expect(once.output()).toMatch(/watcher at us-east-1 +[0-9.]+ ms/);
  expect(once.output()).toMatch(/"type": "update"/);
});

describe('in the foreground', () => {
  test('two side by side; each ends everything it started when it is told to', async () => {
    const [first, second] = [start(), start()];
    await Promise.all([ready(first), ready(second)]);
    const endpoints = JSON.parse(readFileSync(join(ROOT, '.stack/endpoints.json'), 'utf8')) as Endpoints;
    expect(endpoints.regions.map(region => region.nodes.length)).toEqual([2, 2]);
    await until(() => answers(endpoints.authority), { what: 'the authority to answer' });
    // Whoever is on this machine as well is not let into the stores.
    const read = askEtcd(endpoints.etcd, '/v3/kv/range', { key: base64('a') });
    await expect(read).rejects.toThrow('user name is empty');
    const redisPort = Number(new URL(endpoints.regions[0]!.redis).port);
    await expect(redisCommand({ port: redisPort }, 'KEYS', '*')).rejects.toThrow('NOAUTH');
    const [ofFirst, ofSecond] = [addresses(first), addresses(second)];
    expect(ofFirst.filter(address => ofSecond.includes(address))).toEqual([]);

    first.process.kill('SIGINT');
    expect(await first.exit).toBe(0);
    for (const url of ofFirst) expect(await answers(url), url).toBe(false);
    await until(() => answers(addresses(second)[0]!), { what: 'the second network to go on' });
    second.process.kill('SIGTERM');
    expect(await second.exit).toBe(0);
    for (const url of ofSecond) expect(await answers(url), url).toBe(false);
    expect(existsSync(join(ROOT, '.stack/endpoints.json'))).toBe(false);
  });

  test.each(['--reads=open', '--tls'])('the curl lines it prints work as printed: %s', async option => {
    const started = start(option);
    await ready(started);
    const onOneLine = started.output().replaceAll(/\\\n\s*/g, ' ');
    const lines = onOneLine.match(/^ *curl .*$/gm) ?? [];
    expect(lines.length).toBeGreaterThanOrEqual(3);
    for (const line of lines) {
      const failing = line.replace('curl ', 'curl --fail-with-body --max-time 10 ');
      const child = spawn('bash', ['-c', failing], { stdio: 'ignore' });
      const code = await new Promise(resolve => child.on('exit', resolve));
      expect(code, line).toBe(0);
    }
  });
});

test('an option that there is not is a usage error', async () => {
  const wrong = start('--port-bass', '7');
  expect(await wrong.exit).not.toBe(0);
  expect(wrong.output()).toContain('--port-bass');
});

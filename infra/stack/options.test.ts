import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('what is left out has a default', () => {
  expect(parseOptions([])).toEqual({
    once: false,
    network: { reads: 'open', runtime: 'bun', portBase: undefined, tls: false },
  });
  expect(parseOptions(['--help', '--once'])).toBe('help');
});

test('what is given is taken', () => {
  const argv = ['--once', '--tls', '--reads', 'token', '--runtime=node', '--port-base', '20000'];
  expect(parseOptions(argv)).toEqual({
    once: true,
    network: { reads: 'token', runtime: 'node', portBase: 20_000, tls: true },
  });
});

test.each([
  [['--reads', 'some'], '--reads must be open or token'],
  [['--runtime', 'deno'], '--runtime must be bun or node'],
  [['--port-base', '80'], '--port-base must be a port'],
  [['--port-base', 'x'], '--port-base must be a port'],
  [['--twice'], '--twice'],
  [['more'], 'more'],
])('%j is refused by name', (argv, message) => {
  expect(() => parseOptions(argv)).toThrow(message);
});

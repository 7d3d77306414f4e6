/** What ./start is asked for. */
import { parseArgs } from 'node:util';
import type { Runtime } from './programs.ts';

export interface StartOptions {
  readonly once: boolean;
  readonly network: {
    readonly reads: 'open' | 'token';
    readonly runtime: Runtime;
    readonly portBase: number | undefined;
    readonly tls: boolean;
  };
}

const HIGHEST_BASE = 65_000;

/** @throws Error that names the option */
export function parseOptions(argv: readonly string[]): StartOptions | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      once: { type: 'boolean', default: false },
      'port-base': { type: 'string' },
      reads: { type: 'string', default: 'open' },
      runtime: { type: 'string', default: 'bun' },
      tls: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  if (values.help) return 'help';
  return {
    once: values.once,
    network: {
      reads: oneOf('reads', values.reads, ['open', 'token']),
      runtime: oneOf('runtime', values.runtime, ['bun', 'node']),
      tls: values.tls,
      portBase: values['port-base'] === undefined ? undefined : portBase(values['port-base']),
    },
  };
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find(each => each === value);
  if (found === undefined) throw new Error(`--${option} must be ${allowed.join(' or ')}, not "${value}"`);
  return found;
}

function portBase(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1_024 || port > HIGHEST_BASE) {
    throw new Error(`--port-base must be a port from 1024 to ${HIGHEST_BASE}, not "${text}"`);
  }
  return port;
}

/** One process of the stack: started, killed, paused and started again on the same port and data. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { until } from './until.ts';

export interface ComponentOptions {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment; what is `undefined` is taken out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Run as this user. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Removed by `wipe`. */
  readonly dataDir?: string;
  readonly logFile: string;
  /** Made before each start: what the data directory needs. */
  readonly prepare?: () => Promise<void>;
  /** Whether it answers. */
  readonly ready: () => Promise<boolean>;
  /** @default SIGTERM */
  readonly stopSignal?: NodeJS.Signals;
}

export interface Component {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly pid: number | undefined;
  readonly running: boolean;
  readonly logFile: string;
  /** Start it, and wait until it is ready. `env` replaces single variables for this start. */
  start(options?: { env?: Record<string, string | undefined>; wait?: boolean }): Promise<void>;
  /** Resolves when it answers. */
  ready(timeoutMs?: number): Promise<void>;
  /** Send `signal` (SIGKILL) and wait for the end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP: it keeps its sockets and does nothing. */
  pause(): void;
  resume(): void;
  /** Ask it to end; insist after ten seconds. */
  stop(): Promise<void>;
  /** Resolves when it has ended by itself. */
  ended(): Promise<void>;
  /** Delete its data. Only while it is not running. */
  wipe(): void;
}

const running = new Set<ChildProcess>();
// Nothing outlives this process, however it ends: even after a crash these are killed.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** On Linux the kernel kills the child if this process is killed; the pid stays the child's own. */
const SETPRIV = '/usr/bin/setpriv';
function guarded(command: string, args: readonly string[], user: ComponentOptions['user']): [string, string[]] {
  if (!existsSync(SETPRIV)) return [command, [...args]];
  const identity = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : [];
  return [SETPRIV, ['--pdeathsig=KILL', ...identity, command, ...args]];
}

export function createComponent(options: ComponentOptions): Component {
  const { name, logFile } = options;
  let child: ChildProcess | undefined;
  let exited: Promise<void> = Promise.resolve();

  const tail = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8').split('\n').slice(-12).join('\n') : '');

  async function ready(timeoutMs = 30_000): Promise<void> {
    const answers = async () => {
      if (!child) throw new Error('it has ended');
      return options.ready();
    };
    try {
      await until(answers, { what: `${name} to be ready`, timeoutMs });
    } catch (error) {
      throw new Error(`${(error as Error).message}; its log ends with:\n${tail()}`, { cause: error });
    }
  }

  async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    child?.kill(signal);
    await exited;
  }

  return {
    name,
    url: options.url,
    port: options.port,
    logFile,
    get pid() {
      return child?.pid;
    },
    get running() {
      return child !== undefined;
    },
    ready,
    kill,
    start: async ({ env, wait = true } = {}) => {
      if (child) throw new Error(`${name} is running`);
      await options.prepare?.();
      mkdirSync(dirname(logFile), { recursive: true });
      const log = openSync(logFile, 'a');
      const [command, args] = guarded(options.command, options.args, options.user);
      const started = spawn(command, args, {
        env: { ...process.env, ...options.env, ...env },
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      child = started;
      running.add(started);
      exited = new Promise(resolve => {
        const gone = () => {
          running.delete(started);
          if (child === started) child = undefined;
          resolve();
        };
        started.once('exit', gone);
        started.once('error', gone);
      });
      if (wait) await ready();
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    stop: async () => {
      if (!child) return;
      child.kill('SIGCONT');
      child.kill(options.stopSignal ?? 'SIGTERM');
      const insist = setTimeout(() => child?.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(insist);
    },
    ended: () => exited,
    wipe: () => {
      if (child) throw new Error(`${name} is running`);
      if (options.dataDir) rmSync(options.dataDir, { recursive: true, force: true });
    },
  };
}

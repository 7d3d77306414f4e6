/** One process of the stack: started, killed, paused and started again on the same port and data. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants, signalAll, stopAll } from './descendants.ts';
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
  /** Run it in this network namespace: Linux, as root. */
  readonly netns?: string | undefined;
  /** Removed by `wipe`. */
  readonly dataDir?: string;
  readonly logFile: string;
  /** Made before each start: what the data directory needs. */
  readonly prepare?: () => Promise<void>;
  /** Whether it answers. */
  readonly ready: () => Promise<boolean>;
  /** How often that is asked. @default 20 */
  readonly readyIntervalMs?: number;
  /** @default SIGTERM */
  readonly stopSignal?: NodeJS.Signals;
  /** Start again where it ends before it is ready: what a killed life left may need a moment to go. */
  readonly retryStart?: boolean;
}

export type Exit = number | NodeJS.Signals;

export interface Component {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly pid: number | undefined;
  readonly running: boolean;
  readonly logFile: string;
  /** What it said last, whichever life of it; empty where it has said nothing. */
  logEnd(): string;
  /** Start it, and wait until it is ready. `env` replaces single variables for this start. */
  start(options?: { env?: Record<string, string | undefined>; wait?: boolean }): Promise<void>;
  /** Kill it where it runs, and start it on the same port and data. */
  restart(options?: { env?: Record<string, string | undefined> }): Promise<void>;
  /** Resolves when it answers. @throws at the limit, or at once where it has ended; with the end of its log */
  ready(timeoutMs?: number): Promise<void>;
  /** Send `signal` (SIGKILL, which goes to its own children too) and wait for the end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP, for its own children too: from now on they keep their sockets and do nothing. */
  pause(): void;
  resume(): void;
  /** Ask it to end; insist after a quarter of a minute: the project's own give up after ten seconds. */
  stop(): Promise<void>;
  /** Resolves when it has ended, however; with its exit code, or the signal that ended it. */
  ended(): Promise<Exit>;
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
const guarded = (command: string, args: readonly string[]): [string, readonly string[]] =>
  existsSync(SETPRIV) ? [SETPRIV, ['--pdeathsig=KILL', command, ...args]] : [command, args];
/** `ip` becomes the command itself: no process stands between. */
const placed = (netns: string | undefined, command: string, args: readonly string[]) =>
  netns === undefined ? guarded(command, args) : guarded('ip', ['netns', 'exec', netns, command, ...args]);

const RETRY_INTERVAL_MS = 100;
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 15_000;

export function createComponent(options: ComponentOptions): Component {
  const { name, logFile } = options;
  let child: ChildProcess | undefined;
  let exited: Promise<Exit> = Promise.resolve(0);

  const logEnd = () =>
    existsSync(logFile) ? readFileSync(logFile, 'utf8').split('\n').slice(-12).join('\n') : '';

  async function ready(timeoutMs = START_LIMIT_MS): Promise<void> {
    const answers = async () => (child ? (await options.ready()) && 'ready' : 'ended');
    const told = (message: string, cause?: unknown) =>
      new Error(`${message}; its log ends with:\n${logEnd()}`, { cause });
    const what = `${name} to be ready`;
    const outcome = await until(answers, { what, timeoutMs, intervalMs: options.readyIntervalMs }).catch(
      (error: Error) => {
        throw told(error.message, error);
      },
    );
    if (outcome === 'ended') throw told(`${name} has ended before it was ready`);
  }

  function launch(env: Record<string, string | undefined> | undefined): void {
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a');
    const [command, args] = placed(options.netns, options.command, options.args);
    const started = spawn(command, args, {
      env: { ...process.env, ...options.env, ...env },
      stdio: ['ignore', log, log],
      // A group of its own: Ctrl-C in a terminal reaches only us, who end the components in order.
      detached: true,
      ...options.user,
    });
    closeSync(log);
    child = started;
    running.add(started);
    exited = new Promise(resolve => {
      const gone = (how: Exit) => {
        running.delete(started);
        if (child === started) child = undefined;
        resolve(how);
      };
      started.once('exit', (code, signal) => gone(signal ?? code!));
      started.once('error', () => gone(127));
    });
  }

  const start: Component['start'] = async ({ env, wait = true } = {}) => {
    if (child) throw new Error(`${name} is running`);
    await options.prepare?.();
    const deadline = Date.now() + START_LIMIT_MS;
    launch(env);
    while (wait) {
      try {
        return await ready(Math.max(0, deadline - Date.now()));
      } catch (error) {
        if (child || !options.retryStart || Date.now() > deadline) throw error;
        await sleep(RETRY_INTERVAL_MS);
        launch(env);
      }
    }
  };

  async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!child) return;
    // Listed first: once their parent is gone they are not found any more, and stopped ones would stay forever.
    const family = signal === 'SIGKILL' ? descendants(child.pid) : [];
    child.kill(signal);
    signalAll(family, signal);
    await exited;
  }

  const signalFamily = (signal: NodeJS.Signals) => {
    child?.kill(signal);
    signalAll(descendants(child?.pid), signal);
  };

  return {
    name,
    url: options.url,
    port: options.port,
    logFile,
    logEnd,
    get pid() {
      return child?.pid;
    },
    get running() {
      return child !== undefined;
    },
    ready,
    kill,
    start,
    restart: async options => {
      await kill();
      await start(options);
    },
    pause: () => stopAll(child?.pid === undefined ? [] : [child.pid, ...descendants(child.pid)]),
    resume: () => signalFamily('SIGCONT'),
    stop: async () => {
      if (!child) return;
      signalFamily('SIGCONT');
      child.kill(options.stopSignal ?? 'SIGTERM');
      const insist = setTimeout(() => void kill(), STOP_LIMIT_MS);
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

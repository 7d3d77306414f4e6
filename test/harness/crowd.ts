/** A crowd of cheap watchers, in processes of their own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { until } from '../../infra/stack/until.ts';
import type { CrowdProcessOptions, FromCrowdProcess, Reading, ToCrowdProcess } from './crowd-process.ts';

export interface CrowdOptions {
  /** Base URL of the server. */
  readonly url: string;
  /** Path and query of the stream. */
  readonly path: string;
  readonly token?: string;
  readonly sockets: number;
  /** @default 1 */
  readonly processes?: number;
  /** Connected in one turn of 10 ms; Infinity for all at once. @default 50 */
  readonly portion?: number;
  /** @default at once */
  readonly reading?: Reading;
  /** Clients are on machines of their own: disturb this one as little as can be. @default false */
  readonly elsewhere?: boolean;
}

export interface Crowd {
  /** When each socket had the last byte of the update of a revision (ms, monotonic); once all have it. */
  arrivals(revision: number): Promise<readonly number[]>;
  /** Resolves when every socket has had its first frame; answers refusals by status. */
  allHere(): Promise<Record<string, number>>;
  /** Break all connections, and come back at once with `since`. Resolves when all are here again. */
  comeBack(): Promise<Record<string, number>>;
  /** CPU time used so far, in milliseconds, as of half a second ago. */
  readonly cpuMs: number;
  close(): Promise<void>;
}

/** Descriptors that a process may open, less what it needs besides sockets. */
export function socketsAllowed(): number {
  const { soft } = (
    process.report.getReport() as unknown as { userLimits: { open_files: { soft: number | 'unlimited' } } }
  ).userLimits.open_files;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft - 200;
}

export function startCrowd(options: CrowdOptions): Crowd {
  const { url, path, token, sockets, processes = 1, portion = 50 } = options;
  const { reading = 'at once', elsewhere = false } = options;
  const { hostname: host, port } = new URL(url);
  const children: ChildProcess[] = [];
  const cpu = new Array<number>(processes).fill(0);
  const times = new Map<number, number[]>();
  const refused: Record<string, number> = {};
  let here = 0;

  for (let n = 0; n < processes; n++) {
    const child: CrowdProcessOptions = {
      host,
      port: Number(port),
      path,
      authorization: token === undefined ? undefined : `Bearer ${token}`,
      sockets: Math.floor(sockets / processes) + (n < sockets % processes ? 1 : 0),
      portion: Math.min(portion, sockets),
      reading,
      elsewhere,
    };
    const started = fork(new URL('./crowd-process.ts', import.meta.url), [JSON.stringify(child)], {
      serialization: 'advanced',
      execPath: process.execPath,
    });
    children.push(started);
    started.on('message', (message: FromCrowdProcess) => {
      if (message.kind === 'cpu') cpu[n] = message.ms;
      if (message.kind === 'update')
        times.set(message.revision, [...(times.get(message.revision) ?? []), ...message.times]);
      if (message.kind === 'all here') {
        here++;
        for (const [status, count] of Object.entries(message.refused))
          refused[status] = (refused[status] ?? 0) + count;
      }
    });
  }
  const tell = (message: ToCrowdProcess) => {
    for (const child of children) if (child.connected) child.send(message);
  };
  const missing = () => processes - here;
  const allHere = async () => {
    await until(() => missing() <= 0, {
      what: () =>
        `all of ${sockets} watchers to have their first frame; ${missing()} of ${processes} processes miss some`,
      timeoutMs: 60_000,
    });
    return refused;
  };

  return {
    arrivals: async revision => {
      const all = () => times.get(revision)?.length === sockets;
      await until(all, { what: `revision ${revision} to arrive everywhere`, intervalMs: 1 });
      const found = times.get(revision)!;
      times.delete(revision);
      return found;
    },
    allHere,
    comeBack: async () => {
      here = 0;
      tell({ kind: 'come back' });
      return allHere();
    },
    get cpuMs() {
      return cpu.reduce((a, b) => a + b, 0);
    },
    close: async () => {
      const ended = children.map(child => (child.exitCode === null ? once(child, 'exit') : undefined));
      tell({ kind: 'close' });
      await Promise.all(ended);
    },
  };
}

/**
 * Keeps the state on disk, so that a node can start while neither its region nor the centre answers: with the
 * last that it knew, visibly aged.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Scope } from '@quantivista/contracts';
import { createOutage, type Log, pause } from '@quantivista/runtime';
import type { Snapshot } from '@quantivista/snapshot';
import { createHistory, type HistoryLimits } from './history.ts';
import type { Loaded, Replica } from './replica.ts';
import { decodeState, encodeState } from './state-file.ts';

export interface DiskOptions {
  readonly path: string;
  /** What the node holds: a file of another scope is refused. */
  readonly scope: Scope;
  readonly replica: Replica;
  readonly log: Log;
  readonly intervalMs: number;
  readonly history: HistoryLimits;
}

export interface Disk {
  /** Revision of the newest state saved by this process. */
  readonly saved: number | undefined;
  /** What the file holds; `undefined` where there is none, or where it is broken: that is logged. */
  load(): Promise<Loaded | undefined>;
  /** Saves what has changed, at each interval and when `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** A reader finds the old file or the new one, whole, whenever this process or the machine dies. */
async function replaceFile(path: string, chunks: Iterable<string>): Promise<void> {
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w', 0o600);
  try {
    // Each write gives way to other work.
    for (const chunk of chunks) await file.write(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  const folder = await open(dirname(path), 'r');
  await folder.sync().finally(() => folder.close());
}

export function createDisk(options: DiskOptions): Disk {
  const { path, scope, replica, log, intervalMs, history } = options;
  let saved: { generation: string; revision: number; digest: string } | undefined;
  const outage = createOutage(log, 'the state could not be saved', { path });

  async function save(snapshot: Snapshot): Promise<void> {
    const { generation, revision } = snapshot;
    const digest = snapshot.digest();
    try {
      await replaceFile(path, encodeState(snapshot, scope.environments));
      saved = { generation, revision, digest };
      outage.over();
    } catch (error) {
      outage.failed(error);
    }
  }

  return {
    get saved() {
      return saved?.revision;
    },
    load: async () => {
      try {
        const snapshot = decodeState(await readFile(path, 'utf8'), scope.environments);
        const { generation, revision } = snapshot;
        saved = { generation, revision, digest: snapshot.digest() };
        return { snapshot, history: createHistory(revision, history) };
      } catch (error) {
        const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
        if (!absent) log.error({ err: error, path }, 'the state on disk is not used');
        return undefined;
      }
    },
    run: async signal => {
      for (let ending = false; !ending; ) {
        await pause(intervalMs, signal);
        ending = signal.aborted;
        const snapshot = replica.current?.snapshot;
        if (!snapshot) continue;
        const same = saved?.generation === snapshot.generation && saved.digest === snapshot.digest();
        // Heartbeats alone are no reason to write it all again, but at the end the newest is kept.
        if (!same || (ending && saved?.revision !== snapshot.revision)) await save(snapshot);
      }
    },
  };
}

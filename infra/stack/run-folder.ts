/** `.stack/{pid}-{time}/` of one ./start, and `.stack/endpoints.json` of the newest. Gone when it ends. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Endpoints } from '@quantivista/contracts';

export interface RunFolder {
  readonly dir: string;
  /** Make the endpoints known, readable by their owner alone: they hold the token. */
  publish(endpoints: Endpoints): void;
  /** Delete the folder, and `endpoints.json` where it is still ours. */
  remove(): void;
}

/** Make a folder below `stackDir`, and delete those whose process is gone. */
export function createRunFolder(stackDir: string): RunFolder {
  mkdirSync(stackDir, { recursive: true });
  sweep(stackDir);
  const dir = join(stackDir, `${process.pid}-${Date.now().toString(36)}`);
  mkdirSync(dir);
  const newest = join(stackDir, 'endpoints.json');
  let published: string | undefined;
  return {
    dir,
    publish(endpoints) {
      published = `${JSON.stringify(endpoints, undefined, 2)}\n`;
      writeFileSync(join(dir, 'endpoints.json'), published, { mode: 0o600 });
      // Renamed into place: nobody reads half of it.
      const draft = join(dir, 'endpoints.draft');
      writeFileSync(draft, published, { mode: 0o600 });
      renameSync(draft, newest);
    },
    remove() {
      if (published !== undefined && contents(newest) === published) rmSync(newest, { force: true });
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function sweep(stackDir: string): void {
  // Where root runs Postgres, its data stands among the temporary files (stores.ts).
  for (const name of readdirSync(tmpdir())) {
    const pid = /^quantivista-(\d+)-\d+$/.exec(name)?.[1];
    if (pid !== undefined && !lives(Number(pid)))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  for (const name of readdirSync(stackDir)) {
    const pid = /^(\d+)-[0-9a-z]+$/.exec(name)?.[1];
    if (pid === undefined || lives(Number(pid))) continue;
    const dir = join(stackDir, name);
    const [left, newest] = [contents(join(dir, 'endpoints.json')), join(stackDir, 'endpoints.json')];
    if (left !== undefined && contents(newest) === left) rmSync(newest, { force: true });
    rmSync(dir, { recursive: true, force: true });
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function contents(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

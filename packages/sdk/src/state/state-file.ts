/** A state in a file: Node and Bun. */
import { open, readFile, rename } from 'node:fs/promises';
import { pid } from 'node:process';
import type { StateStore } from './keeper.ts';

/** @param path of a file in a folder that is there; each process has its own */
export function createStateFile(path: string): StateStore {
  return {
    load: async () => {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    // Renamed only when it is on the disk: a crash leaves the one from before.
    save: async text => {
      const next = `${path}.${pid}`;
      const file = await open(next, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(next, path);
    },
  };
}

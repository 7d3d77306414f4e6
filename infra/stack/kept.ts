/** Folders that are made once and kept for the next time, whoever makes them. */
import { renameSync, rmSync } from 'node:fs';
import process from 'node:process';

/**
 * Make a folder: under another name until it is whole. Of several who make it at once one's is kept.
 * @param make is told where; what stands there becomes `folder`
 */
export function keep(folder: string, make: (own: string) => void): void {
  const own = `${folder}.${process.pid}`;
  make(own);
  try {
    renameSync(own, folder);
  } catch {
    rmSync(own, { recursive: true, force: true });
  }
}

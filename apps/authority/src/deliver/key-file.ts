/** The key that seals secrets: 32 random bytes in a file that only its owner reads, made when it is first needed. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const BYTES = 32;

async function read(file: string): Promise<Buffer> {
  if (((await stat(file)).mode & 0o077) !== 0)
    throw new Error(`${file} is readable by others than its owner: chmod 600 it`);
  const key = Buffer.from((await readFile(file, 'utf8')).trim(), 'base64');
  if (key.length !== BYTES) throw new Error(`${file} does not hold a key of ${BYTES} bytes, base64`);
  return key;
}

/**
 * The key in `file`; where there is none, it is made. Authorities that share stores must share the key.
 * @throws Error where the file can be read by others, or holds something else
 */
export async function ensureKey(file: string): Promise<Buffer> {
  try {
    return await read(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await mkdir(dirname(file), { recursive: true });
  const key = randomBytes(BYTES).toString('base64');
  await writeFile(file, `${key}\n`, { mode: 0o600, flag: 'wx' }).catch(error => {
    // Another authority on this machine was quicker.
    if (error.code !== 'EEXIST') throw error;
  });
  return read(file);
}

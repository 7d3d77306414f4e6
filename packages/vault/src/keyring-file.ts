/**
 * Keys in a file that its owner alone reads: `{"keys": {"1": base64, "2": base64}}`. The highest number is
 * the newest, which seals; a number that is taken out is never given again.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { KEY_BYTES } from './aes-gcm.ts';

const Contents = z.strictObject({
  keys: z
    .record(z.string().regex(/^[1-9][0-9]*$/), z.base64())
    .refine(keys => Object.keys(keys).length > 0, 'holds no key'),
});

export interface Keys {
  readonly newest: number;
  readonly byNumber: ReadonlyMap<number, Buffer>;
  /** Of the file when it was read: another one has another. */
  readonly readFrom: string;
}

/** @throws Error where it can be read by others than its owner, or holds something else; nothing of it is in the message */
export async function readKeys(file: string): Promise<Keys> {
  // Judged and read through one handle: what is read is what was judged.
  const handle = await open(file, 'r');
  try {
    const { mode, ino, mtimeMs } = await handle.stat();
    if ((mode & 0o077) !== 0) throw new Error(`${file} is open to others than its owner: chmod 600 it`);
    return { ...parse(file, await handle.readFile('utf8')), readFrom: `${ino}-${mtimeMs}` };
  } finally {
    await handle.close();
  }
}

function parse(file: string, text: string): Omit<Keys, 'readFrom'> {
  const wrong = () => new Error(`${file} is not a keyring: {"keys": {"1": ${KEY_BYTES} bytes, base64}}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw wrong();
  }
  const contents = Contents.safeParse(json);
  if (!contents.success) throw wrong();
  const byNumber = new Map(
    Object.entries(contents.data.keys).map(([number, key]) => [Number(number), Buffer.from(key, 'base64')]),
  );
  if ([...byNumber.values()].some(key => key.length !== KEY_BYTES)) throw wrong();
  return { newest: Math.max(...byNumber.keys()), byNumber };
}

/** The keys in `file`; where there is none, it is made with one. Who shares stores must share it. */
export async function ensureKeys(file: string): Promise<Keys> {
  try {
    return await readKeys(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await mkdir(dirname(file), { recursive: true });
  const draft = await writeDraft(file, new Map([[1, randomBytes(KEY_BYTES)]]));
  // Linked into place: it is there whole or not at all, and of two processes one is the first.
  await link(draft, file).catch(error => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return readKeys(file);
}

/**
 * Add a key, which seals from now on; what older ones have sealed they still open. Who holds the file open
 * by a keyring sees it by itself. One at a time. Answers the key's number.
 */
export async function rotateKeyring(file: string): Promise<number> {
  const { newest, byNumber } = await readKeys(file);
  const draft = await writeDraft(file, new Map([...byNumber, [newest + 1, randomBytes(KEY_BYTES)]]));
  await rename(draft, file);
  return newest + 1;
}

/** Take a key out: what it sealed, and was not rewrapped, is destroyed. @throws Error of the newest */
export async function retireKey(file: string, number: number): Promise<void> {
  const { newest, byNumber } = await readKeys(file);
  if (number === newest) throw new Error(`key ${number} is the newest: rotate first`);
  const draft = await writeDraft(file, new Map([...byNumber].filter(([each]) => each !== number)));
  await rename(draft, file);
}

async function writeDraft(file: string, keys: ReadonlyMap<number, Buffer>): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const texts = Object.fromEntries([...keys].map(([number, key]) => [number, key.toString('base64')]));
  await writeFile(draft, `${JSON.stringify({ keys: texts }, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return draft;
}

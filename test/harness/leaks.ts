/** Looks for texts that must be nowhere, in whatever form they may have got there. */
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text that was found, in which form, and where. */
export interface Leak {
  readonly text: string;
  readonly form: string;
  readonly where: string;
  /** What stands around it. */
  readonly near: string;
}

const AROUND_BYTES = 60;

/** Of bytes, base64 has three readings, by where they begin; only what does not depend on their neighbours counts. */
function base64Forms(text: string): [string, string][] {
  return [0, 1, 2].map(before => {
    const padded = Buffer.concat([Buffer.alloc(before), Buffer.from(text)])
      .toString('base64')
      .replace(/=+$/, '');
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor(((before + Buffer.byteLength(text)) * 8) / 6);
    return [`base64, after ${before} bytes`, padded.slice(from, to)];
  });
}

/** All forms of a text by their names. */
export function formsOf(text: string): ReadonlyMap<string, string> {
  const hex = Buffer.from(text).toString('hex');
  const json = JSON.stringify(text).slice(1, -1);
  const forms = new Map([
    ['plain', text],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['URL', encodeURIComponent(text)],
    ['JSON', json],
    ['JSON within JSON', JSON.stringify(json).slice(1, -1)],
    [
      'JSON, ASCII',
      json.replace(/[^\x20-\x7e]/g, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ],
    ['CSV', text.replaceAll('"', '""')],
    ...base64Forms(text),
    ...base64Forms(json).map(([name, form]): [string, string] => [`JSON in ${name}`, form]),
  ]);
  for (const [name, form] of [...forms]) {
    if (name.includes('base64')) forms.set(`${name}, URL`, form.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

export interface LeakSearch {
  /** Leaks within bytes or a text. */
  within(where: string, content: Buffer | string): Leak[];
  /** Leaks within all files below a folder, but those that `skip` names by their paths. */
  below(folder: string, skip?: (path: string) => boolean): Leak[];
}

export function createLeakSearch(texts: readonly string[]): LeakSearch {
  const needles = texts.flatMap(text => [...formsOf(text)].map(([form, needle]) => ({ text, form, needle })));
  // Most forms of most texts are the same.
  const distinct = [...Map.groupBy(needles, ({ needle }) => needle).values()].map(([first]) => first!);

  const within: LeakSearch['within'] = (where, content) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    return distinct.flatMap(({ text, form, needle }) => {
      const place = bytes.indexOf(needle);
      if (place < 0) return [];
      const near = bytes.subarray(Math.max(0, place - AROUND_BYTES), place + AROUND_BYTES).toString('latin1');
      return [{ text, form, where, near }];
    });
  };
  const below: LeakSearch['below'] = (folder, skip = () => false) =>
    entriesOf(folder).flatMap(entry => {
      const path = join(folder, entry.name);
      if (skip(path)) return [];
      if (entry.isDirectory()) return below(path, skip);
      return entry.isFile() ? within(path, contentOf(path)) : [];
    });
  return { within, below };
}

/** What a server deletes meanwhile leaks nothing any more. */
function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}
const entriesOf = (folder: string): Dirent[] =>
  unlessGone(() => readdirSync(folder, { withFileTypes: true }), []);
const contentOf = (path: string): Buffer => unlessGone(() => readFileSync(path), Buffer.alloc(0));

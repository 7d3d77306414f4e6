/** JSON, with what JSON.parse lets pass: a name that stands twice in one object. */
import type { Json } from '@quantivista/contracts';
import { DocumentError } from './document-error.ts';

/** @throws DocumentError where the text is not JSON, or an object has a name twice */
export function parseJson(text: string, name: string): Json {
  let document: Json;
  try {
    document = JSON.parse(text) as Json;
  } catch (error) {
    // The engine's own message quotes the text, and that may hold a secret.
    const [where = ''] = /at position \d+( \(line \d+ column \d+\))?/.exec((error as Error).message) ?? [];
    throw new DocumentError(`${name} is not JSON${where && `: the fault is ${where}`}`);
  }
  const twice = repeatedName(text);
  if (twice !== undefined) throw new DocumentError(`${name}: ${twice} stands twice in one object`);
  return document;
}

const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;

/** The first name that stands twice in an object of a text that is JSON, as it is written there. */
function repeatedName(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, isName] of text.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (isName !== undefined) {
      const written = token.slice(0, -isName.length);
      const name = JSON.parse(written) as string;
      const names = open.at(-1)!;
      if (names.has(name)) return written;
      names.add(name);
    }
  }
  return undefined;
}

/**
 * What a context may hold. A parser takes a microsecond and more for each name, so that a large body of many small
 * things would hold up every read: such a one is refused by its bytes, before it is parsed.
 */
import { ServiceError } from '@quantivista/contracts';

/** Of objects and arrays together. */
export const MAX_MEMBERS = 3_000;
export const MAX_LEVELS = 64;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, OPEN_MAP, CLOSE_LIST, CLOSE_MAP] = [0x5b, 0x7b, 0x5d, 0x7d];

const tooMany = (message: string) => new ServiceError('invalid_context', { message });

/** @param body JSON, or anything @throws ServiceError `invalid_context` */
export function requireBounded(body: Uint8Array): void {
  let members = 0;
  let levels = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) at = endOfText(body, at);
    // Each object and array may begin with a member that no comma stands before.
    else if (byte === OPEN_MAP || byte === OPEN_LIST) {
      members++;
      if (++levels > MAX_LEVELS) throw tooMany(`the context has more than ${MAX_LEVELS} levels`);
    } else if (byte === CLOSE_MAP || byte === CLOSE_LIST) levels--;
    else if (byte === COMMA) members++;
    if (members > MAX_MEMBERS) throw tooMany(`the context has more than ${MAX_MEMBERS} members`);
  }
}

/** Where the quote stands that ends the text which begins there. */
function endOfText(body: Uint8Array, begin: number): number {
  let at = begin + 1;
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at;
}

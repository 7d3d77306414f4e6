/** Service tokens: 256 random bits, shown once, known afterwards by their hash alone. */
import { createHash, randomBytes } from 'node:crypto';

const PREFIX = 'qvt_';

/** A new token: `qvt_` and 43 base64url characters. */
export const createToken = (): string => PREFIX + randomBytes(32).toString('base64url');

/** SHA-256, hexadecimal. A token has 256 random bits, so a plain hash can't be guessed back. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/** How people name a token: the beginning of its hash. */
export const tokenId = (hash: string): string => hash.slice(0, 16);

const TOKEN = /^qvt_[A-Za-z0-9_-]{43}$/;
export const isToken = (text: string): boolean => TOKEN.test(text);

/** What an `Authorization: Bearer …` header holds, a token of ours or another's; `undefined` for anything else. */
export function bearerOf(authorization: string | null | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}

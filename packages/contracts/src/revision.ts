/**
 * Revision, generation and the bookmark made of both.
 *
 * A revision is etcd's: it orders every change of one store. A generation is the life of a store: after
 * a wipe or a restore it changes, and revisions of different generations must never be compared.
 */
import { z } from '@hono/zod-openapi';

/** etcd's revision. Kept as a number: 2^53 revisions at 10,000 a second last 28,000 years. */
export const Revision = z.int().nonnegative().openapi({ example: 4711 });

export const Generation = z.uuid().openapi({ example: '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11' });

/** A state of the store: comparable with another one only where the generations are equal. */
export interface Bookmark {
  readonly generation: string;
  readonly revision: number;
}

const BOOKMARK = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}):(0|[1-9][0-9]{0,15})$/;

/** `{generation}:{revision}`, as used by `since`. */
export const formatBookmark = (bookmark: Bookmark): string => `${bookmark.generation}:${bookmark.revision}`;

/** The bookmark written by {@link formatBookmark}, or `undefined` for anything else. */
export function parseBookmark(text: string): Bookmark | undefined {
  const match = BOOKMARK.exec(text);
  if (!match) return undefined;
  const revision = Number(match[2]);
  return Number.isSafeInteger(revision) ? { generation: match[1]!, revision } : undefined;
}

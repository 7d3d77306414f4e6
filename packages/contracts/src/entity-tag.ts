/** Entity tags, and the conditions of requests on them (RFC 9110). */

/**
 * The strong ETag of a representation last changed at `revision`. It names the generation too: after a
 * restore the same revision may stand for other bytes.
 */
export const entityTag = (generation: string, revision: number): string =>
  `"${generation.slice(0, 8)}.${revision}"`;

/** The tag of a representation with its secrets in it: another one than that in which they are withheld. */
export const openedTag = (tag: string): string => `${tag.slice(0, -1)}+secrets"`;

/** Whether an If-None-Match header admits `tag` (RFC 9110: a list, `*`, weak comparison). */
export function noneMatch(header: string | null, tag: string): boolean {
  if (header === null) return true;
  if (header === tag) return false;
  if (header.trim() === '*') return false;
  return !header.split(',').some(part => part.trim().replace(/^W\//, '') === tag);
}

/** Whether an If-Match header names `tag`, or that with secrets in it: `*`, or a list of strong tags. */
export const someMatch = (header: string, tag: string): boolean =>
  header.trim() === '*' || header.split(',').some(part => [tag, openedTag(tag)].includes(part.trim()));

/** Pages of the repository, and what they lead to. All paths are from its root. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

export const isThere = (path: string): boolean => existsSync(join(ROOT, path));
export const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

/** Files and folders that a page names in code. */
export const namedIn = (page: string): string[] =>
  [...textOf(page).matchAll(/`((?:apps|packages|infra|test|docs)\/[A-Za-z0-9_./-]+)`/g)].map(
    match => match[1]!,
  );

export interface Link {
  readonly path: string;
  /** The heading in it. */
  readonly anchor: string | undefined;
}

/** Where a page links to within the repository, itself included. */
export const linksIn = (page: string): Link[] =>
  [...textOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(([, path, anchor]) => ({
    path: path === '' ? page : join(dirname(page), path!),
    anchor,
  }));

/**
 * Patterns of names: `*` stands for any run of characters, also for none; everything else for itself. Matched by
 * looking for the fixed parts one after the other, so that no pattern takes longer than its length times the name's.
 */
export interface Glob {
  matches(name: string): boolean;
  /** Whether it matches every name that begins with `prefix`. */
  matchesAllFrom(prefix: string): boolean;
}

export function compileGlob(pattern: string): Glob {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return { matches: name => name === first, matchesAllFrom: () => false };

  const matches = (name: string): boolean => {
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  };
  // What its end takes in must be anything: then it takes in whatever follows the prefix.
  return { matches, matchesAllFrom: prefix => last === '' && matches(prefix) };
}

/** Any of several; `undefined` stands for a list that is not given, which admits everything. */
export type Globs = readonly Glob[] | undefined;

export const compileGlobs = (patterns: readonly string[] | undefined): Globs =>
  patterns?.includes('*') ? undefined : patterns?.map(compileGlob);

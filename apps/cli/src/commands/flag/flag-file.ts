/** Flags in a file: a document of flagd's, or our own records as `qvc flag export --format json` writes them. */
import { readFileSync } from 'node:fs';
import { FlagRecords } from '@quantivista/contracts';
import { createFlagSet, type FlagdImport, type FlagSet, fromFlagd } from '@quantivista/flags';
import { UsageError } from '../../fault.ts';

const STANDARD_INPUT = 0;

/**
 * @param file `-`: the standard input
 * @throws UsageError
 */
export function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? STANDARD_INPUT : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} can't be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function readJson(file: string): unknown {
  const text = readText(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${(error as Error).message}`);
  }
}

/** @throws UsageError where it is no JSON; what else is wrong is among its problems */
export const readFlagdFile = (file: string): FlagdImport => fromFlagd(readJson(file));

/** @throws UsageError naming the first flag that can't be read, and its field */
export function readFlagFile(file: string): FlagSet {
  const content = readJson(file);
  if (Array.isArray((content as { flags?: unknown } | null)?.flags)) {
    const { success, data, error } = FlagRecords.safeParse(content);
    if (success) return createFlagSet(data.flags, data.segments);
    const { path, message } = error.issues[0]!;
    throw new UsageError(`${file}: ${path.join('.')}: ${message}`);
  }
  const { flags, problems } = fromFlagd(content);
  const [problem] = problems;
  if (!problem) return createFlagSet(flags);
  const { flag, field, message } = problem;
  throw new UsageError([`${file}: ${flag}`, field, message].filter(Boolean).join(': '));
}

/** `qvc flag import` and `export`: flagd's JSON, or our own. */
import { writeFileSync } from 'node:fs';
import { type FeatureFlag, type FlagRecords, MAX_FLAG_BATCH } from '@quantivista/contracts';
import { createFlagSet, replaceFlag, toFlagd } from '@quantivista/flags';
import { Failure, UsageError } from '../../fault.ts';
import { printable } from '../../show.ts';
import { type Context, present } from '../context.ts';
import { readFlagdFile } from './flag-file.ts';
import { isSameFlag } from './show-flag.ts';

export interface ImportFlagsOptions {
  readonly dryRun?: boolean;
  /** Take the flags that can be said here, and leave the others. */
  readonly partial?: boolean;
  readonly reason?: string;
  readonly wait?: number;
}

/** Flags of the document take the place of those of the same name; others stay. */
export async function importFlags(
  context: Context,
  file: string,
  { dryRun = false, partial = false, reason, wait }: ImportFlagsOptions,
): Promise<void> {
  const { flags, problems } = readFlagdFile(file);
  const { terminal, api } = context;
  for (const { flag, field, message } of problems)
    terminal.err(printable([flag, field, message].filter(Boolean).join(': ')));
  if (problems.length > 0 && !partial)
    throw new Failure(
      `nothing was imported: ${problems.length} of its flags can't be (--partial leaves them out)`,
    );
  const held = new Map((await api.flags.all(true)).map(flag => [flag.flag_name, flag]));
  const changes = flags.filter(flag => {
    const before = held.get(flag.flag_name);
    return !before || !isSameFlag(before, flag);
  });
  const kept = flags.length - changes.length;
  if (!dryRun) await writeAll(context, changes, { reason: reason ?? `import of ${file}`, wait });
  const states = changes.map(flag => ({
    flag_name: flag.flag_name,
    change: held.has(flag.flag_name) ? 'changed' : 'created',
  }));
  present(context, { dry_run: dryRun, changes: states, unchanged: kept, problems }, () => {
    const { colors } = terminal;
    const lines = states.map(({ flag_name, change }) => `${flag_name} ${colors.dim(change)}`);
    const verb = dryRun ? 'would be written' : 'written';
    return [...lines, `${changes.length} ${verb} · ${kept} unchanged · ${problems.length} left out`];
  });
}

/** In as few transactions as they fit into: a document of up to a hundred flags is taken whole or not at all. */
async function writeAll(
  { api, settings, terminal }: Context,
  flags: readonly FeatureFlag[],
  { reason, wait }: { reason: string; wait: number | undefined },
): Promise<void> {
  for (let from = 0; from < flags.length; from += MAX_FLAG_BATCH) {
    const part = flags.slice(from, from + MAX_FLAG_BATCH).map(replaceFlag);
    const last = from + MAX_FLAG_BATCH >= flags.length;
    const { propagation } = await api.flags.batch({ flags: part, reason }, last ? wait : undefined);
    const pending = propagation?.filter(each => each.pending).map(({ region }) => region) ?? [];
    if (pending.length > 0 && !settings.json) terminal.err(`pending in ${pending.join(', ')}`);
  }
}

/** @param file where it is written; without it to the terminal */
export async function exportFlags(
  { api, terminal }: Context,
  file: string | undefined,
  { format, service }: { format: 'flagd' | 'json'; service?: string },
): Promise<void> {
  const [flags, segments] = await Promise.all([api.flags.all(true), api.flags.segments()]);
  const records: FlagRecords = { flags, segments };
  const exported = format === 'json' ? records : toFlagd(createFlagSet(flags, segments), { service });
  const text = JSON.stringify(exported, null, 2);
  if (file === undefined) return terminal.out(text);
  try {
    writeFileSync(file, `${text}\n`);
  } catch (error) {
    throw new UsageError(`${file} can't be written: ${(error as NodeJS.ErrnoException).code}`);
  }
  terminal.err(`${flags.length} flags written to ${file}`);
}

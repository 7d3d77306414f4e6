/** `qvc audit`: who changed what, and whether the trail that says so holds. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { AuditFindingList, AuditPage } from '@quantivista/contracts';
import { UsageError } from '../fault.ts';
import { type HttpRequest, send } from '../http.ts';
import { printable, showShort } from '../show.ts';
import { table } from '../table.ts';
import { auditLines, auditText } from './audit-stream.ts';
import { type Context, present } from './context.ts';

export interface EntryOptions {
  readonly kind?: string;
  readonly by?: string;
  readonly from?: string;
  readonly to?: string;
  readonly revision?: number;
  readonly outcome?: string;
  /** Every environment, and what belongs to none. */
  readonly all?: boolean;
}

async function ask<T>({ settings }: Context, request: HttpRequest): Promise<T> {
  const { authority, token, tls } = settings;
  if (authority === undefined) {
    throw new UsageError('No authority is known: give --authority, set QVC_AUTHORITY, or run ./start first');
  }
  return (await send<T>(authority, { ...request, token, dispatcher: tls?.dispatcher })).body;
}

const filterOf = (
  { settings }: Context,
  service: string | undefined,
  key: string | undefined,
  { by, all, kind, from, to, revision, outcome }: EntryOptions,
) => ({
  environment: all ? undefined : settings.environment,
  service_name: service,
  config_key: key,
  updated_by: by,
  kind,
  from,
  to,
  revision,
  outcome,
});

export async function auditLog(
  context: Context,
  service: string | undefined,
  key: string | undefined,
  { limit, cursor, ...options }: EntryOptions & { limit?: number; cursor?: string },
): Promise<void> {
  const query = { ...filterOf(context, service, key, options), limit, cursor };
  const page = await ask<AuditPage>(context, { path: '/api/v1/audit', query });
  const { colors } = context.terminal;
  present(context, page, () => {
    if (page.entries.length === 0) return [colors.dim('no entries')];
    const rows = page.entries.map(each => [
      each.created_at,
      printable(each.updated_by),
      each.revision === null ? each.outcome : String(each.revision),
      each.kind,
      [each.environment, each.service_name].filter(part => part !== '').join('/'),
      printable(each.config_key),
      String(each.version),
      `${showShort(each.old_value)} → ${each.deleted ? '(deleted)' : showShort(each.new_value)}`,
      printable(each.reason),
    ]);
    const heading = ['AT', 'BY', 'REVISION', 'KIND', 'SERVICE', 'KEY', 'VERSION', 'CHANGE', 'REASON'];
    const older = page.next_cursor === undefined ? [] : [colors.dim(`older: --cursor ${page.next_cursor}`)];
    return [...table(heading, rows, colors), ...older];
  });
}

/** To a file, which is there only once it is whole, or line by line to the terminal. */
export async function auditExport(
  context: Context,
  file: string | undefined,
  { format, ...options }: EntryOptions & { format: string },
): Promise<void> {
  const query = { ...filterOf(context, undefined, undefined, options), format };
  if (file === undefined) {
    for await (const line of auditLines(context.settings, '/export', query)) context.terminal.out(line);
    return;
  }
  const part = `${file}.part`;
  try {
    await pipeline(auditText(context.settings, '/export', query), createWriteStream(part));
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new UsageError(`${file} can't be written`);
    throw error;
  }
  context.terminal.err(`written to ${file}`);
}

export async function auditFindings(
  context: Context,
  page: { limit?: number; before?: number },
): Promise<void> {
  const body = await ask<AuditFindingList>(context, { path: '/api/v1/audit/findings', query: page });
  const { colors } = context.terminal;
  present(context, body, () => {
    if (body.findings.length === 0) return [colors.dim('nothing was found')];
    const rows = body.findings.map(({ sequence, at, kind, revision, subject, details }) => [
      String(sequence),
      at,
      kind,
      String(revision),
      printable(subject),
      showShort(details),
    ]);
    const older = body.next_before === undefined ? [] : [colors.dim(`older: --before ${body.next_before}`)];
    return [...table(['NUMBER', 'AT', 'KIND', 'REVISION', 'SUBJECT', 'DETAILS'], rows, colors), ...older];
  });
}

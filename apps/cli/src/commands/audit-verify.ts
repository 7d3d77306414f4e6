/** `qvc audit verify`: whether the trail is whole and unaltered, and agrees with the store. */
import type { AuditFault, AuditVerdict, AuditVerificationLine } from '@quantivista/contracts';
import { Failure } from '../fault.ts';
import { printable } from '../show.ts';
import { table } from '../table.ts';
import { auditLines } from './audit-stream.ts';
import { type Context, present } from './context.ts';

/** So many faults are shown; all are counted. */
const SHOWN = 1_000;

/** @throws Failure where there are faults, or where it could not be finished */
export async function auditVerify(context: Context): Promise<void> {
  const { terminal, settings } = context;
  const faults: AuditFault[] = [];
  let verdict: AuditVerdict | undefined;
  for await (const text of auditLines(settings, '/verify')) {
    const line = JSON.parse(text) as AuditVerificationLine;
    if ('fault' in line && faults.length < SHOWN) faults.push(line.fault);
    if ('progress' in line) terminal.progress?.(`\r${line.progress.step}: ${line.progress.checked}\x1b[K`);
    if ('failed' in line) throw new Failure(`The verification was not finished: ${line.failed}`);
    if ('verdict' in line) verdict = line.verdict;
  }
  terminal.progress?.('\r\x1b[K');
  if (!verdict) throw new Failure('The verification broke off');
  const { ok, sealed, unsealed, intents, records, ms } = verdict;
  const { colors } = terminal;
  present(context, { ...verdict, found: faults }, () => [
    ...(faults.length > 0 ? table(HEADING, faults.map(faultRow), colors) : []),
    colors.dim(
      `${sealed} rows sealed, ${unsealed} not yet; ${intents} intents, ${records} records compared, in ${ms} ms`,
    ),
    ...(ok ? ['The trail holds.'] : []),
  ]);
  if (!ok) throw new Failure(`The trail does not hold: ${verdict.faults} faults`);
}

const HEADING = ['FAULT', 'ENVIRONMENT', 'SERVICE', 'KEY', 'VERSION', 'REVISION', 'ID', 'WHAT'];

const faultRow = (fault: AuditFault): string[] => [
  fault.fault,
  fault.environment,
  fault.service_name ?? '',
  printable(fault.config_key ?? ''),
  String(fault.version ?? ''),
  String(fault.revision ?? ''),
  fault.id ?? '',
  printable(fault.message),
];

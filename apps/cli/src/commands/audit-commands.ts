/** The commands of `qvc audit`, with their arguments and options. */
import { AUDIT_OUTCOMES, RECORD_KINDS } from '@quantivista/contracts';
import { type Command, Option } from 'commander';
import { parseTime } from '../time.ts';
import { auditExport, auditFindings, auditLog } from './audit.ts';
import { auditVerify } from './audit-verify.ts';
import type { Context } from './context.ts';

export function addAuditCommands(
  program: Command,
  context: () => Context,
  wholeNumber: (text: string) => number,
): void {
  const audit = program.command('audit').description('the trail: who changed what, and whether it holds');
  const filtered = (command: Command) =>
    command
      .addOption(new Option('--kind <kind>', 'records of this kind alone').choices(RECORD_KINDS))
      .option('--by <name>', 'changes by this caller alone')
      .option('--from <time>', 'recorded then or later: 2026-11-24T09:00', parseTime)
      .option('--to <time>', 'recorded before', parseTime)
      .option('--revision <number>', 'of this revision', wholeNumber)
      .addOption(new Option('--outcome <outcome>', 'what was made, or given up').choices(AUDIT_OUTCOMES))
      .option('--all', 'of every environment, and of none');

  filtered(audit.command('log [service] [key]'))
    .description('changes, newest first')
    .option('--limit <number>', 'how many', wholeNumber)
    .option('--cursor <cursor>', 'the page behind one that was shown')
    .action((service, key, options) => auditLog(context(), service, key, options));
  filtered(audit.command('export [file]'))
    .description('all changes, to a file or here')
    .addOption(new Option('--format <format>', 'of the file').choices(['csv', 'ndjson']).default('csv'))
    .action((file, options) => auditExport(context(), file, options));
  audit
    .command('verify')
    .description('recompute the chain and compare everything; exits 1 where it does not hold')
    .action(() => auditVerify(context()));
  audit
    .command('findings')
    .description('changes made behind the authority, newest first')
    .option('--limit <number>', 'how many', wholeNumber)
    .option('--before <number>', 'only older ones', wholeNumber)
    .action(options => auditFindings(context(), options));
}

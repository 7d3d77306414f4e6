/** The command lines of `qvc flag` and `qvc segment`. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { parseTimeOrSpan } from '../../time.ts';
import type { Context } from '../context.ts';
import { deleteSegment, getSegment, listSegments, setSegment } from '../segment.ts';
import { archiveFlag, deleteFlag, rollbackFlag, setFlag } from './change.ts';
import { exportFlags, importFlags } from './flagd.ts';
import { checkProjection, rebuildProjection } from './projection.ts';
import { flagVersions, getFlag, listFlags } from './read.ts';
import { testFlag } from './test-flag.ts';
import { flagUsage, staleFlags } from './usage.ts';

export interface Parts {
  readonly context: () => Context;
  readonly wholeNumber: (text: string) => number;
  /** The options `--reason` and `--wait`. */
  readonly reason: () => Option;
  readonly wait: () => Option;
}

function percentage(text: string): number {
  if (/^\d{1,3}(\.\d{1,2})?$/.test(text) && Number(text) <= 100) return Number(text);
  throw new InvalidArgumentError('It is no percentage from 0 to 100 with two decimals at the most.');
}

export function addFlagCommands(program: Command, parts: Parts): void {
  const { context, wholeNumber, reason, wait } = parts;
  const flag = program.command('flag').description('feature flags');
  flag
    .command('list [service]')
    .description('the flags that are for a service, or all of them')
    .option('--archived', 'archived ones too')
    .action((service, options) => listFlags(context(), service, options));
  flag
    .command('get <flag>')
    .description('one flag with all that is known of it')
    .action(name => getFlag(context(), name));
  flag
    .command('set <flag>')
    .description('create or change a flag: what is not said stays; a new one is off, for nobody')
    .addOption(new Option('--enable', 'turn it on').conflicts('disable'))
    .option('--disable', 'turn it off')
    .option('--rollout <percentage>', 'for how many', percentage)
    .option('--services <names>', 'for which services, separated by commas; empty: all')
    .option('--conditions <json>', 'for which contexts')
    .option('--description <text>', 'what it is for')
    .option('--update <json>', 'any other fields: variants, rules, prerequisites …')
    .addOption(reason())
    .addOption(wait())
    .action((name, options) => setFlag(context(), name, options));
  flag
    .command('delete <flag>')
    .description('delete a flag; its versions remain')
    .addOption(reason())
    .addOption(wait())
    .action((name, options) => deleteFlag(context(), name, options));
  flag
    .command('archive <flag>')
    .description('take a flag out of use: it answers its off variant, and is listed no more')
    .option('--undo', 'take it back into use')
    .addOption(reason())
    .addOption(wait())
    .action((name, options) => archiveFlag(context(), name, options));
  flag
    .command('versions <flag>')
    .description("a flag's versions, newest first")
    .option('--limit <number>', 'how many', wholeNumber)
    .option('--before <version>', 'only older ones', wholeNumber)
    .action((name, options) => flagVersions(context(), name, options));
  flag
    .command('rollback <flag>')
    .description('set a flag back to one of its versions')
    .addArgument(new Argument('<version>').argParser(wholeNumber))
    .addOption(reason())
    .addOption(wait())
    .action((name, version, options) => rollbackFlag(context(), name, version, options));
  flag
    .command('test <flag>')
    .description('what it answers for a context, and why')
    .option('--context <name=value...>', 'an attribute: JSON, or text; dotted names lead into objects')
    .option('--context-json <file>', 'all attributes, as a JSON object; -: from the standard input')
    .option('--file <file>', 'of an exported file, evaluated here')
    .action((name, options) => testFlag(context(), name, options));
  flag
    .command('import <file>')
    .description("set the flags of a document of flagd's")
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--partial', "leave out flags that can't be said here")
    .addOption(reason())
    .addOption(wait())
    .action((file, options) => importFlags(context(), file, options));
  flag
    .command('export [file]')
    .description('all flags in a file')
    .addOption(
      new Option('--format <format>', "flagd's document, or all that is known of them")
        .choices(['flagd', 'json'])
        .default('flagd'),
    )
    .option('--service <name>', "flagd's, as one service sees them")
    .action((file, options) => exportFlags(context(), file, options));

  flag
    .command('usage [flag]')
    .description('how often flags were evaluated; of one, by variant')
    .option('--since <time>', 'from when on: a time, or how long ago (24h)', parseTimeOrSpan)
    .addOption(new Option('--step <step>', 'of one flag, by what').choices(['minute', 'hour']))
    .option('--archived', 'archived ones too')
    .action((name, options) => flagUsage(context(), name, options));
  flag
    .command('stale')
    .description('flags that nobody has evaluated for long')
    .option('--for <span>', 'for how long: 30m, 12h, 30d', '30d')
    .option('--archived', 'archived ones too')
    .action(options => staleFlags(context(), options));

  const projection = flag.command('projection').description('the table feature_flags');
  projection
    .command('check')
    .description('compare it with the store: exits with 1 where it differs')
    .action(() => checkProjection(context()));
  projection
    .command('rebuild')
    .description('make it what the store says')
    .action(() => rebuildProjection(context()));
  addSegmentCommands(program, parts);
}

function addSegmentCommands(program: Command, { context, reason, wait }: Parts): void {
  const segment = program.command('segment').description('conditions with a name, for any number of flags');
  segment
    .command('list')
    .description('all segments')
    .action(() => listSegments(context()));
  segment
    .command('get <segment>')
    .description('one segment with all that is known of it')
    .action(name => getSegment(context(), name));
  segment
    .command('set <segment> <conditions>')
    .description('create or change a segment; its conditions are JSON')
    .option('--description <text>', 'who they are')
    .addOption(reason())
    .addOption(wait())
    .action((name, conditions, options) => setSegment(context(), name, conditions, options));
  segment
    .command('delete <segment>')
    .description('delete a segment that no flag uses')
    .addOption(reason())
    .addOption(wait())
    .action((name, options) => deleteSegment(context(), name, options));
}

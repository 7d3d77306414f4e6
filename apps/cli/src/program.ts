/** The command line: every command with its arguments and options. */
import { CLIENT_STATES, CONFIG_TYPES, MAX_WAIT_S } from '@quantivista/contracts';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { createApi } from './api.ts';
import type { Context } from './commands/context.ts';
import { remove } from './commands/delete.ts';
import { get } from './commands/get.ts';
import { instances } from './commands/instances.ts';
import { nodes } from './commands/nodes.ts';
import { propagation } from './commands/propagation.ts';
import { set } from './commands/set.ts';
import { rollback, versions } from './commands/versions.ts';
import { importFile } from './import/import.ts';
import { FORMATS } from './import/read-source.ts';
import { type GlobalOptions, resolveSettings } from './settings.ts';
import type { Terminal } from './terminal.ts';
import { watch } from './watch/watch.ts';

export interface ProgramOptions {
  readonly terminal: Terminal;
  /** Where `.stack/endpoints.json` is looked for. */
  readonly folder: string;
  /** A signal that aborts when the user wants `watch` to end; asked for by it alone. */
  readonly interruption: () => AbortSignal;
}

/** The program, which throws CommanderError for a wrong command line, and what its commands throw. */
export function createProgram({ terminal, folder, interruption }: ProgramOptions): Command {
  const program = new Command('qvc')
    .description('QuantiVista Config on the command line')
    .addOption(new Option('--authority <url>', 'where changes are written').env('QVC_AUTHORITY'))
    .addOption(new Option('--node <urls>', 'read nodes, separated by commas').env('QVC_NODE'))
    .addOption(new Option('--token <token>', 'who is calling').env('QVC_TOKEN'))
    .addOption(
      new Option('-e, --environment <name>', 'which environment')
        .env('QVC_ENVIRONMENT')
        .default('DEVELOPMENT'),
    )
    .option('--json', 'answer with JSON')
    .addHelpText('after', '\nWithout --authority, the local network of .stack/endpoints.json is used.')
    .configureOutput({ writeErr: () => {}, writeOut: text => terminal.out(text.trimEnd()) })
    .exitOverride();

  const context = (): Context => {
    const settings = resolveSettings(program.opts<GlobalOptions>(), folder);
    return { settings, terminal, api: createApi(settings) };
  };
  const reason = () => new Option('--reason <text>', 'why, for the audit trail');
  const wait = () =>
    new Option('--wait <seconds>', 'until every region has it, and tell how long each took').argParser(
      waitSeconds,
    );
  const type = () => new Option('--type <type>', 'type of the values').choices(CONFIG_TYPES);

  program
    .command('get <service> [key]')
    .description("a service's values, or one configuration")
    .action((service, key) => get(context(), service, key));
  program
    .command('set <service> <key> <value>')
    .description('set a value: JSON where it is JSON, else a string')
    .option('--string', 'take the value as a string, whatever it looks like')
    .addOption(type())
    .addOption(reason())
    .addOption(wait())
    .option('--description <text>', 'what the value is for')
    .addOption(
      new Option('--if-version <number>', 'only if this is the present version; 0: only if there is none')
        .argParser(wholeNumber)
        .conflicts('oldValue'),
    )
    .option('--old-value <json>', 'only if this is the present value')
    .action((service, key, value, options) => set(context(), service, key, value, options));
  program
    .command('delete <service> <key>')
    .description('delete a key; its versions remain')
    .addOption(reason())
    .addOption(wait())
    .action((service, key, options) => remove(context(), service, key, options));
  program
    .command('versions <service> <key>')
    .description("a key's versions, newest first")
    .option('--limit <number>', 'how many', wholeNumber)
    .option('--before <version>', 'only older ones', wholeNumber)
    .action((service, key, options) => versions(context(), service, key, options));
  program
    .command('rollback <service> <key>')
    .description('set a key back to one of its versions')
    .addArgument(new Argument('<version>').argParser(wholeNumber))
    .addOption(reason())
    .addOption(wait())
    .action((service, key, version, options) => rollback(context(), service, key, version, options));
  program
    .command('nodes')
    .description('the regions and their nodes')
    .action(() => nodes(context()));
  program
    .command('instances <service>')
    .description('who would be told of a change')
    .action(service => instances(context(), service));
  program
    .command('propagation')
    .description('how far a revision has come')
    .addArgument(new Argument('<revision>').argParser(wholeNumber))
    .addOption(
      new Option('--clients [state]', 'client by client: all, or those in one state').choices(CLIENT_STATES),
    )
    .action((revision, options) => propagation(context(), revision, options));
  program
    .command('watch [service]')
    .description('show every change as it happens, of a service or the whole environment')
    .option('--prefix <text>', 'only keys that begin so')
    .option('--instance-id <name>', 'a name to be known by; what is seen is acknowledged')
    .action((service, options) => watch(context(), service, options, interruption()));
  program
    .command('import <file>')
    .description('set the values of a file: env, JSON, YAML or compose')
    .addOption(new Option('--format <format>', 'instead of guessing by the name').choices(FORMATS))
    .option('--service <name>', 'whose values they are')
    .option('--services', 'the file is a map of services')
    .option('--env-file <file>', 'variables of a compose file (default: .env beside it)')
    .option('--prune', 'delete keys that the file does not name')
    .option('--dry-run', 'show what would change, and change nothing')
    .addOption(type())
    .addOption(reason())
    .addOption(wait())
    .action((file, options) => importFile(context(), file, options));
  return program;
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is not a whole number.');
}

function waitSeconds(text: string): number {
  const seconds = wholeNumber(text);
  if (seconds <= MAX_WAIT_S) return seconds;
  throw new InvalidArgumentError(`It is over ${MAX_WAIT_S}.`);
}

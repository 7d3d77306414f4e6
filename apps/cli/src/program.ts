/** The command line: every command with its arguments and options. */
import { CLIENT_STATES, CONFIG_TYPES, DOCUMENT_FORMATS, MAX_WAIT_S } from '@quantivista/contracts';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { addAccessCommands } from './access-program.ts';
import { createApi } from './api.ts';
import { addAuditCommands } from './commands/audit-commands.ts';
import type { Context } from './commands/context.ts';
import { remove } from './commands/delete.ts';
import { diff } from './commands/diff.ts';
import { events } from './commands/events.ts';
import { exportDocument } from './commands/export.ts';
import { addFlagCommands } from './commands/flag/program.ts';
import { get } from './commands/get.ts';
import { history } from './commands/history.ts';
import { instances } from './commands/instances.ts';
import { nodes } from './commands/nodes.ts';
import { promote } from './commands/promote.ts';
import { propagation } from './commands/propagation.ts';
import { addProposalCommands } from './commands/proposal.ts';
import { addProtectCommand } from './commands/protect.ts';
import { rollback } from './commands/rollback.ts';
import { set } from './commands/set.ts';
import { addTokenCommands } from './commands/token.ts';
import { versions } from './commands/versions.ts';
import { importFile } from './import/import.ts';
import { FORMATS } from './import/read-source.ts';
import { addSchemaCommands } from './schema-commands.ts';
import { addSecretCommands } from './secret-commands.ts';
import { type GlobalOptions, resolveSettings } from './settings.ts';
import type { Terminal } from './terminal.ts';
import { parsePointText, parseTimeOrNumber } from './time.ts';
import { watch } from './watch/watch.ts';
import { addWebhookCommands } from './webhook-program.ts';
import { wholeNumber } from './whole-number.ts';

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
      new Option('--ca-file <path>', 'PEM of who may sign the certificates of servers').env('QVC_CA_FILE'),
    )
    .addOption(new Option('--cert-file <path>', 'PEM of a certificate to show').env('QVC_CERT_FILE'))
    .addOption(new Option('--key-file <path>', 'PEM of its key').env('QVC_KEY_FILE'))
    .addOption(
      new Option('-e, --environment <name>', 'which environment')
        .env('QVC_ENVIRONMENT')
        .default('DEVELOPMENT'),
    )
    .option('--json', 'answer with JSON')
    .option(
      '--at <time|revision>',
      'changes: propose them, to be made at this time; get: as it was then',
      parseTimeOrNumber,
    )
    .option('--break-glass', 'change what is protected at once; it takes a reason')
    .option('--trial <seconds>', 'put changes back where a client refuses them in this time', wholeNumber)
    .addHelpText('after', '\nWithout --authority, the local network of .stack/endpoints.json is used.')
    .configureOutput({ writeErr: () => {}, writeOut: text => terminal.out(text.trimEnd()) })
    .exitOverride();

  const context = (): Context => {
    const settings = resolveSettings(program.opts<GlobalOptions>(), folder);
    const onTrial = (id: string) =>
      terminal.err(`on trial for ${settings.trialS} s: qvc proposal show ${id}`);
    return { settings, terminal, api: createApi(settings, onTrial) };
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
    .option('--version <number>', 'that version of the key', wholeNumber)
    .option('--show-secrets', 'also the values of secrets, where the token may see them')
    .action((service, key, { showSecrets, version }) =>
      get(context(), service, key, { version, at: program.opts().at, withheld: !showSecrets }),
    );
  program
    .command('set <service> <key> <value>')
    .description('set a value: JSON where it is JSON, else a string')
    .option('--string', 'take the value as a string, whatever it looks like')
    .addOption(type())
    .option('--change-type', 'the type may become another')
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
    .command('history [service] [key-prefix]')
    .description('who changed what and why, newest first: of a service, some of its keys, or the environment')
    .option('--limit <number>', 'how many commits', wholeNumber)
    .option('--before <revision>', 'only older ones', wholeNumber)
    .action((service, prefix, page) => history(context(), service, prefix, page));
  program
    .command('diff <service> [key]')
    .description('what differs between two points: a revision, a time, `present`, or `v7` of a key')
    .requiredOption('--from <point>', 'what is compared', parsePointText)
    .option('--to <point>', 'with what', parsePointText, 'present')
    .option('--to-environment <name>', 'with which environment')
    .option('--to-service <name>', 'with which service')
    .action((service, key, options) => diff(context(), service, key, options));
  program
    .command('rollback <service> [key]')
    .description('set a key back to a version, or a key or a whole service to a time or revision')
    .addArgument(new Argument('[version]', 'of the key').argParser(wholeNumber))
    .option(
      '--to <time|revision>',
      'back to then; shows what would change, unless --yes is given',
      parseTimeOrNumber,
    )
    .option('--preview', 'show what would change, and change nothing')
    .option('--yes', 'do it')
    .option('--in-parts', 'in several transactions, where one is too small')
    .option('--force', 'also undo changes that were marked as not to be rolled back')
    .option('--expected-revision <number>', 'only if nothing has changed since', wholeNumber)
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
    .command('events')
    .description('what has changed in all environments, oldest first')
    .option('--after <sequence>', 'only what came later', wholeNumber)
    .option('--limit <number>', 'how many at once', wholeNumber)
    .option('--follow', 'and then what changes, as it happens')
    .action(options => events(context(), options, interruption));
  addWebhookCommands(program, context);
  addAccessCommands(program, context);
  program
    .command('import <file>')
    .description('set the values of a file: env, JSON, YAML or compose')
    .addOption(new Option('--format <format>', 'instead of guessing by the name').choices(FORMATS))
    .option('--service <name>', 'whose values they are')
    .option('--services', 'the file is a map of services')
    .option('--env-file <file>', 'variables of a compose file (default: .env beside it)')
    .option('--prune', 'delete keys that the file does not name')
    .option('--atomic', 'in one transaction, or not at all')
    .option('--dry-run', 'show what would change, and change nothing')
    .addOption(type())
    .addOption(reason())
    .addOption(wait())
    .action((file, options) => importFile(context(), file, options));
  addFlagCommands(program, { context, wholeNumber, reason, wait });
  program
    .command('export [service]')
    .description('the values of a service, or of all services, as a document')
    .addOption(new Option('--format <format>', 'how').choices(DOCUMENT_FORMATS).default('json'))
    .action((service, options) => exportDocument(context(), service, options));
  program
    .command('promote <service> [keys...]')
    .description("a service's values from this environment to another: all, or those named")
    .requiredOption('--to <environment>', 'which one')
    .option('--prefix <text>', 'only keys that begin so')
    .option('--remove', 'remove there what is not here')
    .option('--change-types', 'values there may become of the type that they have here')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--expect <revision>', 'only if nothing has changed since this dry run', wholeNumber)
    .addOption(reason())
    .addOption(wait())
    .action((service, keys, options) => promote(context(), service, keys, options));
  addSchemaCommands(program, context);
  addSecretCommands(program, context, { reason, wait, wholeNumber });
  addAuditCommands(program, context, wholeNumber);
  addProposalCommands(program, context, { wait, wholeNumber });
  addProtectCommand(program, context, { reason, wholeNumber });
  addTokenCommands(program, context, reason);
  return program;
}

function waitSeconds(text: string): number {
  const seconds = wholeNumber(text);
  if (seconds <= MAX_WAIT_S) return seconds;
  throw new InvalidArgumentError(`It is over ${MAX_WAIT_S}.`);
}

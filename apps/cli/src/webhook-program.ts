/** The commands of `qvc webhook`. */
import { EVENT_TYPES } from '@quantivista/contracts';
import { type Command, Option } from 'commander';
import type { Context } from './commands/context.ts';
import {
  deadLetters,
  deleteWebhook,
  listWebhooks,
  putWebhook,
  replayWebhook,
  testWebhook,
  webhookStatus,
} from './commands/webhook.ts';
import { parseTimeOrNumber } from './time.ts';
import { wholeNumber } from './whole-number.ts';

export function addWebhookCommands(program: Command, context: () => Context): void {
  const webhook = program.command('webhook').description('who is told of changes, and how it goes');
  webhook
    .command('put <name>')
    .description('create a webhook, or change it: what is not given is none')
    .requiredOption('--url <url>', 'where events are sent')
    .addOption(new Option('--types <types...>', 'only these types of events').choices(EVENT_TYPES))
    .option('--environments <names...>', 'only of these environments')
    .option('--services <names...>', 'only of these services')
    .option('--disabled', 'keep its place and send nothing')
    .option('--description <text>', 'what it is for')
    .option('--rotate-secret', 'make a new secret; the one before signs too for another day')
    .option('--reason <text>', 'why, for the audit trail')
    .action((name, options) => putWebhook(context(), name, options));
  webhook
    .command('list')
    .description('all webhooks')
    .action(() => listWebhooks(context()));
  webhook
    .command('status <name>')
    .description('how far it has come')
    .action(name => webhookStatus(context(), name));
  webhook
    .command('test <name>')
    .description('send a signed ping')
    .action(name => testWebhook(context(), name));
  webhook
    .command('replay <name>')
    .description('deliver events again')
    .option('--dead', 'all dead letters')
    .option('--sequence <sequence>', 'one dead letter', wholeNumber)
    .option('--from <place>', 'everything from a sequence or a time on', parseTimeOrNumber)
    .action((name, options) => replayWebhook(context(), name, options));
  webhook
    .command('dead-letters <name>')
    .description('events that were given up')
    .option('--after <sequence>', 'only later ones', wholeNumber)
    .option('--limit <number>', 'how many', wholeNumber)
    .action((name, options) => deadLetters(context(), name, options));
  webhook
    .command('delete <name>')
    .description('delete it, with its secrets, its place and its dead letters')
    .option('--reason <text>', 'why, for the audit trail')
    .action((name, options) => deleteWebhook(context(), name, options));
}

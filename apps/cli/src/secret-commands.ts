/** `qvc secret …` on the command line. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from './commands/context.ts';
import { destroySecret, getSecret, rewrapSecrets, rotateSecret, setSecret } from './commands/secret.ts';

interface Shared {
  readonly reason: () => Option;
  readonly wait: () => Option;
  readonly wholeNumber: (text: string) => number;
}

const MAX_GENERATED_BYTES = 1_024;

export function addSecretCommands(
  program: Command,
  context: () => Context,
  { reason, wait, wholeNumber }: Shared,
): void {
  const bytes = (text: string): number => {
    const count = wholeNumber(text);
    if (count >= 16 && count <= MAX_GENERATED_BYTES) return count;
    throw new InvalidArgumentError(`From 16 to ${MAX_GENERATED_BYTES} bytes can be made.`);
  };
  /** A value among the arguments would be seen by everybody who lists the machine's processes. */
  const valued = (command: Command): Command =>
    command
      .option('--file <file>', 'the value is in this file; without it, it is read from the standard input')
      .addOption(new Option('--generate <bytes>', 'make a value of so many random bytes').argParser(bytes))
      .option('--as-json', 'the value is JSON, not a text')
      .addOption(reason())
      .addOption(wait());

  const secret = program
    .command('secret')
    .description('values that are shown to those alone who may see them');
  valued(secret.command('set <service> <key>').description('set a secret'))
    .option('--change-type', 'also where the key is no secret yet: its earlier versions stay readable')
    .option('--description <text>', 'what the value is for')
    .action((service, key, options) => setSecret(context(), service, key, options));
  valued(
    secret.command('rotate <service> <key>').description('give a secret that is there another value'),
  ).action((service, key, options) => rotateSecret(context(), service, key, options));
  secret
    .command('get <service> <key>')
    .description("print a secret's value, and nothing else")
    .option('--version <number>', 'of that version', wholeNumber)
    .action((service, key, options) => getSecret(context(), service, key, options));
  secret
    .command('rewrap [service]')
    .description('have what older keys encrypt encrypted by the newest: of a service, or the environment')
    .addOption(reason())
    .action((service, options) => rewrapSecrets(context(), service, options));
  secret
    .command('destroy <service> <key>')
    .addArgument(
      new Argument('<versions...>').argParser((text: string, before: number[] = []) => [
        ...before,
        wholeNumber(text),
      ]),
    )
    .description('make versions of a secret unreadable for good')
    .option('--yes', 'do it')
    .addOption(reason())
    .action((service, key, versions, options) => destroySecret(context(), service, key, versions, options));
}

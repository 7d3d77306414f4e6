/** `qvc schema …` on the command line. */
import { type Command, Option } from 'commander';
import type { Context } from './commands/context.ts';
import {
  deleteSchema,
  getSchema,
  listSchemas,
  putSchema,
  schemaVersions,
  validate,
} from './commands/schema.ts';

export function addSchemaCommands(program: Command, context: () => Context): void {
  const reason = () => new Option('--reason <text>', 'why, for the audit trail');
  const schema = program.command('schema').description('what the values of a service may be');
  schema
    .command('put <service> <pattern> <file>')
    .description('set the schema of a key, or of all keys that begin alike (`risk_*`), from a file')
    .option('--force', 'also where present values break it')
    .option('--description <text>', 'what it is for')
    .addOption(reason())
    .action((service, pattern, file, options) => putSchema(context(), service, pattern, file, options));
  schema
    .command('get <service> <pattern>')
    .description('one schema')
    .action((service, pattern) => getSchema(context(), service, pattern));
  schema
    .command('list <service>')
    .description("a service's schemas")
    .action(service => listSchemas(context(), service));
  schema
    .command('versions <service> <pattern>')
    .description("a schema's versions, newest first")
    .action((service, pattern) => schemaVersions(context(), service, pattern));
  schema
    .command('delete <service> <pattern>')
    .description('delete a schema; its versions remain')
    .addOption(reason())
    .action((service, pattern, options) => deleteSchema(context(), service, pattern, options));
  schema
    .command('validate <service> <key> <value>')
    .description('try a value, and change nothing')
    .option('--schema <file>', 'by this schema instead of those that stand')
    .option('--string', 'take the value as a string, whatever it looks like')
    .action((service, key, value, options) => validate(context(), service, key, value, options));
}

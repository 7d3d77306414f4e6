/** The commands of `qvc access`. */
import { CONFIG_TYPES, PERMISSIONS } from '@quantivista/contracts';
import { type Command, Option } from 'commander';
import { checkAccess, listDenials, whoAmI } from './commands/access/ask.ts';
import { deleteBinding, listBindings, putBinding } from './commands/access/binding.ts';
import { deleteRole, listRoles, putRole, showRole } from './commands/access/role.ts';
import { addScopeOptions } from './commands/access/scope.ts';
import type { Context } from './commands/context.ts';
import { wholeNumber } from './whole-number.ts';

const reason = () => new Option('--reason <text>', 'why, for the audit trail');

export function addAccessCommands(program: Command, context: () => Context): void {
  const access = program.command('access').description('who may do what where');

  const role = access.command('role').description('what can be given');
  role
    .command('list')
    .description('all roles')
    .action(() => listRoles(context()));
  role
    .command('show <name>')
    .description('a role')
    .action(name => showRole(context(), name));
  addScopeOptions(
    role
      .command('put <name>')
      .description('make a role, or change what it grants')
      .option('--can <permissions>', PERMISSIONS.join(', '))
      .option('--file <path>', 'several grants, as a JSON list')
      .option('--description <text>', 'what it is for')
      .addOption(reason()),
  ).action((name, options) => putRole(context(), name, options));
  role
    .command('delete <name>')
    .description('delete a role that no binding names')
    .addOption(reason())
    .action((name, options) => deleteRole(context(), name, options));

  const binding = access.command('binding').description('who has which roles');
  binding
    .command('list')
    .description('all bindings')
    .action(() => listBindings(context()));
  addScopeOptions(
    binding
      .command('put <name>')
      .description('give roles to people, groups and service accounts')
      .requiredOption('--roles <names...>', 'what is given')
      .option('--people <names...>', 'to these people, by their tokens or their issuer')
      .option('--groups <names...>', 'to these groups of an issuer')
      .option('--accounts <names...>', 'to these services, by their tokens or their issuer')
      .addOption(reason()),
    true,
  ).action((name, options) => putBinding(context(), name, options));
  binding
    .command('delete <name>')
    .description('take the roles back')
    .addOption(reason())
    .action((name, options) => deleteBinding(context(), name, options));

  access
    .command('whoami')
    .description('who is calling, and what that may do')
    .action(() => whoAmI(context()));
  access
    .command('check <action>')
    .description('may it be done, and why')
    .option('--in <environment>', 'there; without it in all')
    .option('--service <name>', 'of this service; without it of all')
    .option('--key <key>', 'this key; without it all keys')
    .addOption(new Option('--type <type>', 'of this type; without it of every type').choices(CONFIG_TYPES))
    .option('--person <name>', 'by this person, by its roles alone; without it by the caller')
    .option('--account <name>', 'by this service, by its roles alone')
    .option('--groups <names...>', 'as a member of these groups')
    .action((action, options) => checkAccess(context(), action, options));
  access
    .command('denials')
    .description('what was denied, newest first')
    .option('--caller <name>', 'to this caller alone')
    .option('--limit <number>', 'how many', wholeNumber)
    .action(options => listDenials(context(), options));
}

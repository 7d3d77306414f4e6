/** `qvc token`: who may call, and what they may do. */
import { type CreatedToken, PERMISSIONS, type TokenList } from '@quantivista/contracts';
import { type Command, Option } from 'commander';
import { printable } from '../show.ts';
import { table } from '../table.ts';
import { parseTime } from '../time.ts';
import { addScopeOptions, permissionsOf, type ScopeOptions, scopeOf, showScope } from './access/scope.ts';
import { type Context, present } from './context.ts';

const TOKENS = '/api/v1/access/tokens';

interface CreateOptions extends ScopeOptions {
  readonly can: string;
  readonly service?: string;
  readonly expires?: string;
}

async function create(context: Context, name: string, options: CreateOptions): Promise<void> {
  const { can, service, expires } = options;
  const scopes = scopeOf(options);
  const permissions = can === 'nothing' ? [] : permissionsOf(can);
  const body = {
    name,
    permissions,
    ...(scopes && { scopes }),
    ...(service !== undefined && { service }),
    ...(expires !== undefined && { expires_at: expires }),
  };
  const { body: made } = await context.api.call<CreatedToken>('POST', TOKENS, { body });
  const { colors } = context.terminal;
  present(context, made, () => [made.token, colors.dim(`${made.id}: it is not shown again`)]);
}

async function list(context: Context): Promise<void> {
  const { body } = await context.api.call<TokenList>('GET', TOKENS);
  const { colors } = context.terminal;
  present(context, body, () => {
    const rows = body.tokens.map(each => [
      each.id,
      printable(each.name),
      printable(each.service ?? '–'),
      each.created_at,
      printable(each.created_by ?? '–'),
      each.expires_at ?? '–',
      each.last_used_at ?? '–',
      each.permissions.join(', ') || '–',
      showScope(each.scopes),
    ]);
    return table(['ID', 'NAME', 'SERVICE', 'CREATED', 'BY', 'EXPIRES', 'USED', 'MAY', 'WHERE'], rows, colors);
  });
}

async function revoke(context: Context, id: string, { reason }: { reason?: string }): Promise<void> {
  await context.api.call('DELETE', `${TOKENS}/${encodeURIComponent(id)}`, { query: { reason } });
  present(context, { id, revoked: true }, () => [`${id} is revoked`]);
}

export function addTokenCommands(program: Command, context: () => Context, reason: () => Option): void {
  const token = program.command('token').description('who may call, and what they may do');
  const can = `${PERMISSIONS.join(', ')}; or nothing, for what its roles give alone`;
  addScopeOptions(
    token
      .command('create <name>')
      .description('make a token; it is shown once')
      .addOption(new Option('--can <permissions>', can).makeOptionMandatory())
      .option('--service <name>', 'the service that bears it: flags are evaluated for it')
      .option('--expires <time>', 'when it ends', parseTime),
  ).action((name: string, options: CreateOptions) => create(context(), name, options));
  token
    .command('list')
    .description('all tokens')
    .action(() => list(context()));
  token
    .command('revoke <id>')
    .description('it is not known any more, on every node')
    .addOption(reason())
    .action((id: string, options: { reason?: string }) => revoke(context(), id, options));
}

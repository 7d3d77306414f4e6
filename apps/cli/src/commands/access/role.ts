/** `qvc access role`: what can be given. */
import { readFileSync } from 'node:fs';
import { type Grant, type Role, type RoleList, type RoleSummary, RoleUpdate } from '@quantivista/contracts';
import { UsageError } from '../../fault.ts';
import { printable } from '../../show.ts';
import { table } from '../../table.ts';
import { type Context, present } from '../context.ts';
import { permissionsOf, type ScopeOptions, scopeOf, showGrant } from './scope.ts';

const pathOf = (name = '') => `/api/v1/access/roles${name && `/${encodeURIComponent(name)}`}`;

export async function listRoles(context: Context): Promise<void> {
  const { body } = await context.api.call<RoleList>('GET', pathOf());
  present(context, body, () => {
    const rows = body.roles.map(({ name, built_in, grants, description }) => [
      name,
      built_in ? 'built in' : '',
      grants.map(showGrant).join('; ') || '–',
      printable(description),
    ]);
    return table(['ROLE', '', 'GRANTS', 'DESCRIPTION'], rows, context.terminal.colors);
  });
}

export async function showRole(context: Context, name: string): Promise<void> {
  const { body } = await context.api.call<RoleSummary>('GET', pathOf(name));
  present(context, body, () => [
    `${body.name}${body.built_in ? ' (built in)' : ''}: ${printable(body.description)}`,
    ...body.grants.map(grant => `  ${showGrant(grant)}`),
  ]);
}

export interface PutRoleOptions extends ScopeOptions {
  readonly can?: string;
  readonly file?: string;
  readonly description?: string;
  readonly reason?: string;
}

/** @throws UsageError */
function grantsIn(file: string): Grant[] {
  try {
    return RoleUpdate.shape.grants.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new UsageError(`${file} holds no list of grants: ${(cause as Error).message}`);
  }
}

export async function putRole(context: Context, name: string, options: PutRoleOptions): Promise<void> {
  const { can, file, description, reason } = options;
  if ((can === undefined) === (file === undefined)) throw new UsageError('Give one of --can and --file');
  const grants =
    file === undefined ? [{ actions: permissionsOf(can!), ...scopeOf(options) }] : grantsIn(file);
  const body = {
    grants,
    ...(description !== undefined && { description }),
    ...(reason !== undefined && { reason }),
  };
  const { body: role } = await context.api.call<Role>('PUT', pathOf(name), { body });
  present(context, role, () => [
    `${role.name} (version ${role.version}): ${role.grants.map(showGrant).join('; ')}`,
  ]);
}

export async function deleteRole(
  context: Context,
  name: string,
  { reason }: { reason?: string },
): Promise<void> {
  await context.api.call('DELETE', pathOf(name), { query: { reason } });
  present(context, { name, deleted: true }, () => [`${name} is deleted`]);
}

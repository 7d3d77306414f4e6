/** `qvc access whoami`, `check`, `denials`: what may be done, and what was not allowed. */
import type { AccessAnswer, AccessDenial, WhoAmI } from '@quantivista/contracts';
import { printable } from '../../show.ts';
import { table } from '../../table.ts';
import { type Context, present } from '../context.ts';
import { permissionsOf, showGrant, showScope } from './scope.ts';

export async function whoAmI(context: Context): Promise<void> {
  const { body } = await context.api.call<WhoAmI>('GET', '/api/v1/access/whoami');
  present(context, body, () => [
    `${printable(body.name)}, a ${body.kind}${body.expires_at === undefined ? '' : `, until ${body.expires_at}`}`,
    ...(body.groups.length > 0 ? [`in ${printable(body.groups.join(', '))}`] : []),
    ...(body.roles.length > 0 ? [`with the roles ${body.roles.join(', ')}`] : []),
    ...body.grants.map(
      ({ within, ...grant }) => `  ${showGrant(grant)}${within ? `, within ${showScope(within)}` : ''}`,
    ),
  ]);
}

export interface CheckOptions {
  readonly in?: string;
  readonly service?: string;
  readonly key?: string;
  readonly type?: string;
  readonly person?: string;
  readonly account?: string;
  readonly groups?: readonly string[];
}

/** Answers whether it is allowed. */
export async function checkAccess(context: Context, action: string, options: CheckOptions): Promise<void> {
  const { in: environment, service, key, type, person, account, groups } = options;
  const name = person ?? account;
  const subject = name !== undefined && {
    kind: person === undefined ? 'service' : 'person',
    name,
    ...(groups && { groups }),
  };
  const asked = { environment, service_name: service, config_key: key, config_type: type };
  const given = Object.fromEntries(Object.entries(asked).filter(([, each]) => each !== undefined));
  const body = { action: permissionsOf(action)[0]!, ...given, ...(subject && { subject }) };
  const { body: answer } = await context.api.call<AccessAnswer>('POST', '/api/v1/access/check', { body });
  const { colors } = context.terminal;
  present(context, answer, () => [`${answer.allowed ? 'yes' : 'no'} ${colors.dim(printable(answer.why))}`]);
}

export async function listDenials(
  context: Context,
  { caller, limit }: { caller?: string; limit?: number },
): Promise<void> {
  const query = { caller, limit: limit === undefined ? undefined : String(limit) };
  const { body } = await context.api.call<{ denials: AccessDenial[] }>('GET', '/api/v1/access/denials', {
    query,
  });
  present(context, body, () => {
    if (body.denials.length === 0) return ['nothing was denied'];
    const rows = body.denials.map(each => [
      each.last_at,
      each.region ?? 'authority',
      String(each.times),
      printable(each.caller) || '–',
      each.action || '–',
      printable(each.resource) || '–',
      printable(each.why),
    ]);
    return table(['AT', 'WHERE', 'TIMES', 'WHO', 'ACTION', 'ON', 'WHY'], rows, context.terminal.colors);
  });
}

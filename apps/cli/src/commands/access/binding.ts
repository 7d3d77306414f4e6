/** `qvc access binding`: who has which roles. */
import type { Binding, BindingList, Subject } from '@quantivista/contracts';
import { UsageError } from '../../fault.ts';
import { printable } from '../../show.ts';
import { table } from '../../table.ts';
import { type Context, present } from '../context.ts';
import { type ScopeOptions, scopeOf, showScope } from './scope.ts';

const pathOf = (name = '') => `/api/v1/access/bindings${name && `/${encodeURIComponent(name)}`}`;
const showSubject = ({ kind, name }: Subject) => printable(`${kind} ${name}`);

export async function listBindings(context: Context): Promise<void> {
  const { body } = await context.api.call<BindingList>('GET', pathOf());
  present(context, body, () => {
    if (body.bindings.length === 0) return ['no bindings'];
    const rows = body.bindings.map(({ name, roles, subjects, environments, services }) => [
      name,
      roles.join(' '),
      subjects.map(showSubject).join(', '),
      showScope({ environments, services } as never),
    ]);
    return table(['BINDING', 'ROLES', 'OF', 'WHERE'], rows, context.terminal.colors);
  });
}

export interface PutBindingOptions extends ScopeOptions {
  readonly roles: readonly string[];
  readonly people?: readonly string[];
  readonly groups?: readonly string[];
  readonly accounts?: readonly string[];
  readonly reason?: string;
}

export async function putBinding(context: Context, name: string, options: PutBindingOptions): Promise<void> {
  const { roles, people = [], groups = [], accounts = [], reason } = options;
  const subjects: Subject[] = [
    ...people.map(each => ({ kind: 'person' as const, name: each })),
    ...groups.map(each => ({ kind: 'group' as const, name: each })),
    ...accounts.map(each => ({ kind: 'service' as const, name: each })),
  ];
  if (subjects.length === 0) throw new UsageError('Give --people, --groups or --accounts');
  const body = { roles, subjects, ...scopeOf(options), ...(reason !== undefined && { reason }) };
  const { body: binding } = await context.api.call<Binding>('PUT', pathOf(name), { body });
  present(context, binding, () => [
    `${binding.name} (version ${binding.version}): ${binding.roles.join(' ')} to ${binding.subjects.map(showSubject).join(', ')}`,
  ]);
}

export async function deleteBinding(
  context: Context,
  name: string,
  { reason }: { reason?: string },
): Promise<void> {
  await context.api.call('DELETE', pathOf(name), { query: { reason } });
  present(context, { name, deleted: true }, () => [`${name} is deleted`]);
}

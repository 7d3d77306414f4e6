/** Where something holds, as it is typed and as it is shown. */
import {
  type AccessScope,
  CONFIG_TYPES,
  ENVIRONMENTS,
  type Grant,
  PERMISSIONS,
} from '@quantivista/contracts';
import { type Command, Option } from 'commander';
import { UsageError } from '../../fault.ts';
import { printable } from '../../show.ts';

export interface ScopeOptions {
  readonly in?: readonly string[];
  readonly services?: readonly string[];
  readonly keys?: readonly string[];
  readonly types?: readonly string[];
}

/** `places`: environments and services alone, as bindings are narrowed. */
export function addScopeOptions(command: Command, places = false): Command {
  command
    .addOption(
      new Option('--in <environments...>', 'in these environments alone')
        .argParser((name: string, before: string[] = []) => [...before, name.toUpperCase()])
        .default(undefined),
    )
    .option('--services <patterns...>', 'for these services alone, * for any characters');
  if (places) return command;
  return command
    .option('--keys <patterns...>', 'for these keys and flags alone')
    .addOption(new Option('--types <types...>', 'for keys of these types alone').choices(CONFIG_TYPES));
}

/** @throws UsageError */
export function scopeOf({ in: environments, services, keys, types }: ScopeOptions): AccessScope | undefined {
  const unknown = environments?.find(each => !(ENVIRONMENTS as readonly string[]).includes(each));
  if (unknown !== undefined) throw new UsageError(`There is no environment ${unknown}`);
  const lists = { environments, services, keys, types };
  const given = Object.fromEntries(Object.entries(lists).filter(([, list]) => list !== undefined));
  return Object.keys(given).length > 0 ? (given as AccessScope) : undefined;
}

/** @throws UsageError */
export function permissionsOf(list: string): Grant['actions'] {
  const permissions = list.split(',').map(each => each.trim());
  const unknown = permissions.find(each => !(PERMISSIONS as readonly string[]).includes(each));
  if (unknown !== undefined)
    throw new UsageError(`There is no permission '${unknown}': ${PERMISSIONS.join(', ')}`);
  return permissions as Grant['actions'];
}

/** `everywhere` where nothing narrows it. */
export function showScope(scope: Partial<AccessScope> | undefined): string {
  const { environments, services, keys, types } = scope ?? {};
  const parts = [environments, services, keys && ['keys', ...keys], types].flatMap(
    list => list?.join(' ') ?? [],
  );
  return printable(parts.join(', ')) || 'everywhere';
}

export const showGrant = ({ actions, ...scope }: Grant): string => `${actions.join(' ')} ${showScope(scope)}`;

/** Whether the names in a file can be used. */
import type { Wanted } from '@quantivista/documents';
import { keyFault, serviceFault } from '../commands/names.ts';
import { UsageError } from '../fault.ts';

/** @throws UsageError naming everything that is not valid, one a line */
export function requireNames(wanted: Wanted): void {
  const faults = [...wanted].flatMap(([service, values]) => [
    serviceFault(service),
    ...[...values.keys()].map(key => {
      const fault = keyFault(key);
      return fault && `service ${service}: ${fault}`;
    }),
  ]);
  const found = faults.filter(fault => fault !== undefined);
  if (found.length > 0)
    throw new UsageError(`Names that can't be used:\n${found.map(each => `  ${each}`).join('\n')}`);
}

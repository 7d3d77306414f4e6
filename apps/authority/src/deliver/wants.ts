/** Which events a webhook is told of. */
import type { EventHead } from '@quantivista/audit';
import type { Environment, Webhook } from '@quantivista/contracts';

/** An empty list admits all; what belongs to no environment or service (a flag) passes those lists. */
export function wants(
  { types, environments, services }: Pick<Webhook, 'types' | 'environments' | 'services'>,
  { type, environment, service }: Pick<EventHead, 'type' | 'environment' | 'service'>,
): boolean {
  const admits = <T>(list: readonly T[], value: T | undefined) =>
    list.length === 0 || value === undefined || list.includes(value);
  return (
    admits(types, type) &&
    admits(environments, environment as Environment | undefined) &&
    admits(services, service)
  );
}

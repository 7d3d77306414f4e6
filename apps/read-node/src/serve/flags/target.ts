/** The common read of flags: a service's, nothing else asked. */
import { ServiceName } from '@quantivista/contracts';

const PREFIX = '/api/v1/feature-flags/';

/** The service of `/api/v1/feature-flags/{service}`; `undefined` for anything else, which then goes the long way. */
export function parseFlagsTarget(target: string): string | undefined {
  if (!target.startsWith(PREFIX)) return undefined;
  const service = target.slice(PREFIX.length);
  // Every service has a list, if only of the flags that are for all: the name must be one here.
  return ServiceName.safeParse(service).success ? service : undefined;
}

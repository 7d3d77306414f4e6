/** The common read of flagd's document: all flags, or a service's; nothing else asked. */
import { ServiceName } from '@quantivista/contracts';

const PATH = '/flagd/v1/flags.json';
const QUERY = `${PATH}?service=`;

/** What is asked for; `undefined` for anything else, which then goes the long way. */
export function parseFlagdTarget(target: string): { readonly service: string | undefined } | undefined {
  if (target === PATH) return { service: undefined };
  if (!target.startsWith(QUERY)) return undefined;
  const service = target.slice(QUERY.length);
  return ServiceName.safeParse(service).success ? { service } : undefined;
}

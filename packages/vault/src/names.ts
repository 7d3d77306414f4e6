/** Names as parts of Vault's paths, where none can lead elsewhere. */
import type { SecretPath } from './secret-store.ts';

/** @throws Error of what is no name: empty, or a step to another folder */
function part(name: string): string {
  if (name === '' || name === '.' || name === '..') throw new Error('an empty or relative part of a path');
  return encodeURIComponent(name);
}

/** `{environment}/{service}/{key}`, escaped. */
export const kvPath = ({ environment, service, key }: SecretPath): string =>
  [environment.toLowerCase(), service, key].map(part).join('/');

/** Each environment has a transit key of its own, so that a policy can admit to one environment alone. */
export const transitKey = ({ environment }: SecretPath): string => part(environment.toLowerCase());

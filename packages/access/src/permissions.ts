/** What tokens grant by themselves. */
import { PERMISSIONS, type Permission } from '@quantivista/contracts';

/** Of a token whose record does not say, as all were before there were permissions. */
export const UNSTATED_PERMISSIONS: readonly Permission[] = PERMISSIONS.filter(
  each => each !== 'break-glass' && each !== 'read-secret',
);

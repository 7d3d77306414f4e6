/** Which flags are shown to whom. */
import type { FeatureFlag } from '@quantivista/contracts';

/** Whether a flag is for a service: it names none, or this one. */
export const isForService = ({ target_services }: FeatureFlag, service: string): boolean =>
  target_services.length === 0 || target_services.includes(service);

/** @param archived whether those are shown too */
export const isListed = (flag: FeatureFlag, archived: boolean): boolean => archived || !flag.archived;

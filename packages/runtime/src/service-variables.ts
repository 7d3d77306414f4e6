/** What every service of the project is told by its environment. */
import { z } from 'zod';
import { logLevel, openEndpoints, port, readAccess } from './environment.ts';
import { httpLimitVariables } from './http-limits.ts';
import { linkVariables } from './link-certificates.ts';
import { createRateLimits, type RateLimits } from './rate-limit.ts';
import { serverTlsVariables } from './server-tls.ts';

export interface ServiceDefaults {
  readonly port: number;
  readonly callerRequestsPerS: number;
}

export const serviceVariables = (defaults: ServiceDefaults) => ({
  HOST: z.string().default('127.0.0.1'),
  /** 0 takes a free one. */
  PORT: port.default(defaults.port),
  ...serverTlsVariables,
  ...linkVariables,
  READS: readAccess,
  OPEN_ENDPOINTS: openEndpoints,
  ...httpLimitVariables,
  /** Requests a second of one caller, and of all at one address whom nobody knows; 0: as many as come. */
  CALLER_REQUESTS_PER_S: z.coerce.number().int().min(0).default(defaults.callerRequestsPerS),
  STRANGER_REQUESTS_PER_S: z.coerce.number().int().min(0).default(200),
  /** Whose JWTs are taken for callers, JSON; none without it. */
  ISSUERS_FILE: z.string().optional(),
  LOG_LEVEL: logLevel,
});

/** How often callers may come, and strangers. */
export interface RequestRates {
  readonly callers: RateLimits;
  readonly strangers: RateLimits;
}

export const createRequestRates = (of: {
  readonly CALLER_REQUESTS_PER_S: number;
  readonly STRANGER_REQUESTS_PER_S: number;
}): RequestRates => ({
  callers: createRateLimits({ perSecond: of.CALLER_REQUESTS_PER_S }),
  strangers: createRateLimits({ perSecond: of.STRANGER_REQUESTS_PER_S }),
});

/** What every service of the project is told by its environment, under the titles that it is shown under. */
import { z } from 'zod';
import { logLevel, openEndpoints, port, readAccess, wholeNumber } from './environment.ts';
import { httpLimitVariables } from './http-limits.ts';
import { linkVariables } from './link-certificates.ts';
import { createRateLimits, type RateLimits } from './rate-limit.ts';
import { serverTlsVariables } from './server-tls.ts';

export interface ServiceDefaults {
  readonly port: number;
  readonly callerRequestsPerS: number;
}

export const serviceSettings = (defaults: ServiceDefaults) => ({
  Server: {
    HOST: z.string().default('127.0.0.1').describe('Address that it listens at.'),
    PORT: port.default(defaults.port).describe('Port of HTTP; 0 takes a free one.'),
    ...httpLimitVariables,
    LOG_LEVEL: logLevel,
  },
  TLS: { ...serverTlsVariables, ...linkVariables },
  Callers: {
    READS: readAccess,
    OPEN_ENDPOINTS: openEndpoints,
    ISSUERS_FILE: z
      .string()
      .optional()
      .describe(
        "JSON file that says whose JWTs, and which client certificates, name callers. Without it: nobody's.",
      ),
    CALLER_REQUESTS_PER_S: wholeNumber(0)
      .default(defaults.callerRequestsPerS)
      .describe(
        'Requests a second of one caller, and twice as many at once; more are answered 429. 0: as many as come.',
      ),
    STRANGER_REQUESTS_PER_S: wholeNumber(0)
      .default(200)
      .describe(
        'Requests a second of all at one address (of IPv6, one network of 64 bits) who are not known, and twice as many at once; more are answered 429. 0: as many as come.',
      ),
  },
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

/** What regions tell of access to their nodes. */
import type { AccessLogBundle } from '@quantivista/contracts';
import type { Pool } from 'pg';
import { takeOnce } from './bundles.ts';
import { insertDenials } from './denials.ts';
import { noteTokenUses } from './token-use.ts';

export interface AccessLog {
  /** Put on record what a region tells; false where that was taken before. */
  take(bundle: AccessLogBundle): Promise<boolean>;
}

export const createAccessLog = (pool: Pool): AccessLog => ({
  take: bundle =>
    takeOnce(pool, bundle, async client => {
      await insertDenials(client, bundle.denials, bundle.region);
      await noteTokenUses(client, new Map(Object.entries(bundle.token_uses)));
    }),
});

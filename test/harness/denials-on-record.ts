/** All that is on record as denied, newest first. */
import type { AccessDenial } from '@quantivista/contracts';
import type { Api } from './api.ts';

/** @param admin who may read the record */
export async function denialsOnRecord(admin: Api): Promise<AccessDenial[]> {
  const rows: AccessDenial[] = [];
  for (let before: number | undefined; ; ) {
    const path = `/api/v1/access/denials?limit=1000${before === undefined ? '' : `&before=${before}`}`;
    const { body } = await admin.request<{ denials: AccessDenial[]; next_before?: number }>('GET', path);
    rows.push(...body.denials);
    before = body.next_before;
    if (before === undefined) return rows;
  }
}

/** How many requests they were. */
export const timesOf = (rows: readonly AccessDenial[]): number =>
  rows.reduce((sum, { times }) => sum + times, 0);

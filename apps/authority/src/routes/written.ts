/** How a write of one record is answered, of whatever kind: the new record, or that it is gone. */
import { entityTag } from '@quantivista/contracts';
import type { Context } from 'hono';
import type { Committed } from '../write/commit.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';

type Waiting = Pick<Dependencies, 'regionWait'>;
/** `prefer: wait=S` of the request, in seconds. */
type WaitS = number | undefined;

/** 200 with the record as it is now, and its entity tag. */
export async function answerPut(
  c: Context,
  { regionWait }: Waiting,
  waitS: WaitS,
  written: Committed,
): Promise<never> {
  const { generation, revision, records } = written;
  const headers = stateHeaders(generation, revision, entityTag(generation, revision));
  const waited = await regionWait.headers(waitS, written);
  return c.json(records[0], 200, { ...headers, ...waited }) as never;
}

/** 204. */
export async function answerDeleted(
  c: Context,
  { regionWait }: Waiting,
  waitS: WaitS,
  written: Committed,
): Promise<never> {
  const waited = await regionWait.headers(waitS, written);
  return c.body(null, 204, { ...stateHeaders(written.generation, written.revision), ...waited }) as never;
}

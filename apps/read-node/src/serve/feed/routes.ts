/** The endpoints that nodes of other regions are fed from: they ask for the right to read everything. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { shownBy } from '@quantivista/access';
import { feedChangesRoute, feedOfferRoute, feedSnapshotRoute } from '@quantivista/contracts';
import type { Context } from 'hono';
import type { ReadAccess } from '../read-access.ts';
import type { Reader } from '../reader.ts';
import type { Parent } from './parent.ts';

const HEADERS = {
  'content-type': 'application/x-ndjson',
  'cache-control': 'no-store',
  // Nobody needs the connection after a stream, and a node that ends would wait for it.
  connection: 'close',
};
// The routes are typed for JSON; these bodies are streams.
const lines = (body: ReadableStream<Uint8Array>) => new Response(body, { headers: HEADERS }) as never;

/** Whether it may still read everything. */
const goingOn = (reader: Reader) => () => reader.decide({}).allowed;

export function feedRoutes(app: OpenAPIHono, parent: Parent, access: ReadAccess): void {
  const admit = (c: Context) => access.require(shownBy(c), {});
  app.openapi(feedOfferRoute, c => {
    admit(c);
    return c.json(parent.offer(c.req.valid('query').environments), 200);
  });
  app.openapi(feedSnapshotRoute, c => {
    return lines(parent.snapshot(c.req.valid('query'), goingOn(admit(c))));
  });
  app.openapi(feedChangesRoute, c => {
    return lines(parent.changes(c.req.valid('query'), goingOn(admit(c))));
  });
}

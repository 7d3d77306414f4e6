/** The list of all events. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { shownBy } from '@quantivista/access';
import { eventsRoute, toCloudEvent } from '@quantivista/contracts';
import type { Dependencies } from './dependencies.ts';

export function registerEvents(app: OpenAPIHono, { audit, callers }: Dependencies): void {
  app.openapi(eventsRoute, async c => {
    // They tell of every environment: no answer without a token, even where reads are open.
    await callers.require(shownBy(c), ['read'], {});
    const { after, limit } = c.req.valid('query');
    const [last, events] = await Promise.all([audit.events.last(), audit.events.list(after, limit)]);
    const newest = events.at(-1)?.sequence ?? after;
    return c.json(
      { events: events.map(toCloudEvent), next_after: newest, last: Math.max(last, newest) },
      200,
    );
  });
}

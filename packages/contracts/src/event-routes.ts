/** The list of all events. */
import { createRoute, z } from '@hono/zod-openapi';
import { CloudEvent } from './event.ts';
import { failures, json, security } from './route-parts.ts';

export const EventsQuery = z.object({
  after: z.coerce.number().int().nonnegative().default(0).openapi({ description: 'a sequence' }),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const EventList = z
  .object({
    events: z.array(CloudEvent).openapi({ description: 'fewer than the limit where they are large' }),
    next_after: z.int().nonnegative().openapi({ description: 'asks for what follows' }),
    last: z.int().nonnegative().openapi({ description: 'sequence of the newest event there is' }),
  })
  .openapi('EventList');
export type EventList = z.infer<typeof EventList>;

export const eventsRoute = createRoute({
  method: 'get',
  path: '/api/v1/events',
  summary: 'What has changed, oldest first',
  security,
  request: { query: EventsQuery },
  responses: { 200: json(EventList, 'the events after a sequence'), ...failures },
});

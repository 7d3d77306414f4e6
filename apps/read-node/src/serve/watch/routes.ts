/** What of the streams is plain HTTP: acks, and requests that were to be upgraded. The listeners do the rest. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { SOME, shownBy } from '@quantivista/access';
import {
  ackRoute,
  limitBody,
  requireJson,
  ServiceError,
  streamEnvironmentRoute,
  streamRoute,
  watchEnvironmentRoute,
  watchRoute,
} from '@quantivista/contracts';
import type { Context } from 'hono';
import type { ReadAccess } from '../read-access.ts';
import type { Admitter } from './admit.ts';
import type { Hub } from './hub.ts';
import { type Topic, topicResource } from './topic.ts';

export interface StreamsOptions {
  readonly access: ReadAccess;
  readonly admitter: Admitter;
  readonly hub: Hub;
}

const MAX_ACK_BYTES = 16 * 1024;

export function registerStreams(app: OpenAPIHono, { access, admitter, hub }: StreamsOptions): void {
  /** Everything else that is wrong is said first: a person tries this with curl. */
  const askForUpgrade = async (c: Context): Promise<never> => {
    const { pathname, search } = new URL(c.req.url);
    await admitter.admit({
      transport: 'websocket',
      target: pathname + search,
      credential: shownBy(c) ?? null,
      lastEventId: null,
      origin: c.req.header('origin') ?? null,
      address: () => undefined,
    });
    throw new ServiceError('upgrade_required');
  };
  app.openapi(watchRoute, askForUpgrade);
  app.openapi(watchEnvironmentRoute, askForUpgrade);
  // Answered by the listeners: a Response of the framework's has no backpressure on Node.
  app.openAPIRegistry.registerPath(streamRoute);
  app.openAPIRegistry.registerPath(streamEnvironmentRoute);

  app.use(
    ackRoute.path,
    async (c, next) => {
      access.require(shownBy(c));
      await next();
    },
    limitBody(MAX_ACK_BYTES),
    requireJson(),
  );
  app.openapi(ackRoute, c => {
    const ack = c.req.valid('json');
    const of = { environment: ack.environment, service: ack.service_name } as Topic;
    access.require(shownBy(c), { ...topicResource(of), key: SOME, type: SOME });
    hub.acknowledge(ack);
    return c.body(null, 202);
  });
}

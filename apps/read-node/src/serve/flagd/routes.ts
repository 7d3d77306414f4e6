/** flagd's document over HTTP: what a flagd daemon polls. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { shownBy } from '@quantivista/access';
import { flagdRoute, ServiceError } from '@quantivista/contracts';
import { tagged, toResponse } from '../answer.ts';
import type { FlagRoutesOptions } from '../flags/routes.ts';
import { flagsResource } from '../readable.ts';

export function registerFlagd(app: OpenAPIHono, { replica, access, flags, stateFor }: FlagRoutesOptions) {
  app.openapi(flagdRoute, async c => {
    const { service, ...wanted } = c.req.valid('query');
    access.require(shownBy(c), flagsResource(service));
    await stateFor(wanted);
    const text = flags.current?.flagdFor(service);
    if (!text) throw new ServiceError('not_ready');
    return toResponse(
      tagged(replica, text.tag, c.req.header('if-none-match') ?? null, () => text.body),
    ) as never;
  });
}

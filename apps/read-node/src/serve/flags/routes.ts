/** The flags of a service, read from memory. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { shownBy } from '@quantivista/access';
import { ServiceError, serviceFlagsRoute } from '@quantivista/contracts';
import type { Replica } from '../../follow/replica.ts';
import { tagged, toResponse } from '../answer.ts';
import type { ReadAccess } from '../read-access.ts';
import { flagsResource } from '../readable.ts';
import type { StateFor } from '../state-for.ts';
import type { HeldFlags } from './held-flags.ts';

export interface FlagRoutesOptions {
  readonly replica: Replica;
  readonly access: ReadAccess;
  readonly flags: HeldFlags;
  readonly stateFor: StateFor;
}

export function registerFlags(app: OpenAPIHono, { replica, access, flags, stateFor }: FlagRoutesOptions) {
  app.openapi(serviceFlagsRoute, async c => {
    const { service_name: service } = c.req.valid('param');
    access.require(shownBy(c), flagsResource(service));
    const { archived, ...wanted } = c.req.valid('query');
    await stateFor(wanted);
    const list = flags.current?.listFor(service, archived === 'true');
    if (!list) throw new ServiceError('not_ready');
    return toResponse(
      tagged(replica, list.tag, c.req.header('if-none-match') ?? null, () => list.body),
    ) as never;
  });
}

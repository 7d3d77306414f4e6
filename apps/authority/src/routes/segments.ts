/** Segments: conditions with a name, for any number of flags. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { shownBy } from '@quantivista/access';
import {
  deleteSegmentRoute,
  fieldFault,
  putSegmentRoute,
  recordKey,
  SEGMENTS_PREFIX,
  segmentPath,
  segmentRoute,
  segmentsRoute,
} from '@quantivista/contracts';
import { createFlagReader } from '@quantivista/flags';
import type { Context } from 'hono';
import { flagReadResource } from '../access-resources.ts';
import { byName, readStored } from '../flags/store-flags.ts';
import { deleteSegment, setSegment } from '../write/segment.ts';
import { checkAuthor } from '../write/validate.ts';
import { headerConditions } from './conditions.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';
import { requireReader } from './read.ts';
import { answerRecord, pageOf } from './record.ts';
import { answerDeleted, answerPut } from './written.ts';

export function registerSegments(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, callers, writer } = dependencies;
  const caller = (c: Context) => callers.require(shownBy(c));
  const reader = createFlagReader();

  app.openapi(segmentsRoute, async c => {
    await requireReader(dependencies, c, flagReadResource(undefined, undefined));
    const { generation, revision, lists } = await readStored(etcd, [SEGMENTS_PREFIX]);
    const { segments } = reader.read([], byName(lists[0]!, SEGMENTS_PREFIX));
    const listed = [...segments].map(([name, { segment }]) => [name, segment] as const);
    const { page, next } = pageOf(listed, c.req.valid('query'));
    const list = { segments: page, ...(next !== undefined && { next_after: next }) };
    return c.json(list, 200, stateHeaders(generation, revision));
  });

  app.openapi(segmentRoute, async c => {
    const { segment_name: name } = c.req.valid('param');
    await requireReader(dependencies, c, flagReadResource(name, undefined));
    return (await answerRecord(c, etcd, recordKey(segmentPath(name)))) as never;
  });

  app.openapi(putSegmentRoute, async c => {
    const { name: actor } = await caller(c);
    const body = c.req.valid('json');
    const { segment_name: name } = c.req.valid('param');
    const { prefer: wait } = c.req.valid('header');
    checkAuthor(body.updated_by, actor);
    if (body.segment_name !== undefined && body.segment_name !== name)
      throw fieldFault('body.segment_name', 'is not the name of the path');
    const written = await writer.write({
      changes: [setSegment(name, body, { field: 'body', conditions: headerConditions(c) })],
      actor,
      reason: body.reason ?? '',
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    return answerPut(c, dependencies, wait, written);
  });

  app.openapi(deleteSegmentRoute, async c => {
    const { name: actor } = await caller(c);
    const { segment_name: name } = c.req.valid('param');
    const { prefer: wait } = c.req.valid('header');
    const written = await writer.write({
      changes: [deleteSegment(name, { field: 'path', conditions: headerConditions(c) })],
      actor,
      reason: c.req.valid('query').reason ?? '',
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    return answerDeleted(c, dependencies, wait, written);
  });
}

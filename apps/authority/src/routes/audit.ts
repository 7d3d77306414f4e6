/** The trail: asked for, exported, verified. Every caller needs a token, also where reads are open. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { shownBy } from '@quantivista/access';
import {
  type AuditFilter,
  type AuditVerificationLine,
  auditExportRoute,
  auditFindingsRoute,
  auditRoute,
  auditVerifyRoute,
  ServiceError,
} from '@quantivista/contracts';
import type { Context } from 'hono';
import { withheldIn } from '../secrets/withholding.ts';
import { verify } from '../verify/verification.ts';
import { CSV_HEADING, csvLine } from './audit-csv.ts';
import type { Dependencies } from './dependencies.ts';
import { textStream } from './text-stream.ts';

export function registerAudit(app: OpenAPIHono, dependencies: Dependencies): void {
  const { evidence, callers, log } = dependencies;
  /** Who may see what a filter lets through: without one, everything. */
  const requireCaller = (
    c: Context,
    { environment, service_name: service, config_key }: Partial<AuditFilter> = {},
  ) =>
    callers.require(shownBy(c), ['audit'], {
      environment: environment === '*' ? undefined : environment,
      service,
      key: config_key,
    });
  /** It reads the whole trail: one at a time is enough for everybody. */
  let verifying = false;

  app.openapi(auditRoute, async c => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    await requireCaller(c, filter as AuditFilter);
    const { entries, next } = await evidence.entries(filter as AuditFilter, { limit, cursor });
    return c.json({ entries: [...entries], ...(next !== undefined && { next_cursor: next }) }, 200);
  });

  /** What was begun can't become a problem any more: the connection breaks, so that nobody takes it for whole. */
  async function* exported(filter: AuditFilter, format: 'csv' | 'ndjson'): AsyncGenerator<string> {
    if (format === 'csv') yield CSV_HEADING;
    for await (const entries of evidence.eachEntry(filter)) {
      const lines = entries
        .map(withheldIn)
        .map(entry => (format === 'csv' ? csvLine(entry) : `${JSON.stringify(entry)}\n`));
      if (lines.length > 0) yield lines.join('');
    }
  }

  app.openapi(auditExportRoute, async c => {
    const { format, ...filter } = c.req.valid('query');
    await requireCaller(c, filter as AuditFilter);
    const parts = exported(filter as AuditFilter, format);
    const headers = {
      'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
      'content-disposition': `attachment; filename="audit.${format}"`,
      'cache-control': 'no-store',
    };
    return c.body(textStream(parts), 200, headers) as never;
  });

  async function* verified(): AsyncGenerator<string> {
    const line = (each: AuditVerificationLine) => `${JSON.stringify(each)}\n`;
    try {
      for await (const each of verify(dependencies)) yield line(each);
    } catch (error) {
      log.warn({ err: error }, 'a verification was not finished');
      yield line({ failed: error instanceof ServiceError ? error.message : 'something failed here' });
    } finally {
      verifying = false;
    }
  }

  app.openapi(auditVerifyRoute, async c => {
    await requireCaller(c);
    if (verifying) throw new ServiceError('overloaded', { message: 'The trail is being verified already' });
    verifying = true;
    const headers = { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' };
    return c.body(textStream(verified()), 200, headers) as never;
  });

  app.openapi(auditFindingsRoute, async c => {
    await requireCaller(c);
    const { limit, before } = c.req.valid('query');
    const findings = await evidence.findings({ limit, before });
    const last = findings.at(-1);
    const more = last && findings.length === limit && last.sequence > 1;
    return c.json({ findings, ...(more && { next_before: last.sequence }) }, 200);
  });
}

/** What the authority tells of the trail. All of it needs a token, also where reads are open. */
import { createRoute, z } from '@hono/zod-openapi';
import { AuditEntry, AuditFilter, AuditFindingList, AuditPage, AuditVerificationLine } from './audit.ts';
import { failures, json, security } from './route-parts.ts';

export const AuditQuery = AuditFilter.extend({
  cursor: z.string().max(300).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
export const AuditExportQuery = AuditFilter.extend({ format: z.enum(['csv', 'ndjson']).default('csv') });
export const AuditFindingsQuery = z.object({
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

export const auditRoute = createRoute({
  method: 'get',
  path: '/api/v1/audit',
  summary: 'Who changed what, when and why: newest first',
  security,
  request: { query: AuditQuery },
  responses: { 200: json(AuditPage, 'the entries'), ...failures },
});
export const auditExportRoute = createRoute({
  method: 'get',
  path: '/api/v1/audit/export',
  summary: 'All entries that fit, newest first, as CSV or NDJSON',
  security,
  request: { query: AuditExportQuery },
  responses: {
    200: {
      description: 'the entries, streamed',
      content: { 'text/csv': { schema: z.string() }, 'application/x-ndjson': { schema: AuditEntry } },
    },
    ...failures,
  },
});
export const auditVerifyRoute = createRoute({
  method: 'get',
  path: '/api/v1/audit/verify',
  summary: 'Whether the trail is whole and unaltered, and agrees with the store',
  security,
  responses: {
    200: {
      description: 'faults as they are found, and at last the verdict: one JSON a line',
      content: { 'application/x-ndjson': { schema: AuditVerificationLine } },
    },
    ...failures,
  },
});
export const auditFindingsRoute = createRoute({
  method: 'get',
  path: '/api/v1/audit/findings',
  summary: 'Changes made behind the authority, and chains that do not hold: newest first',
  security,
  request: { query: AuditFindingsQuery },
  responses: { 200: json(AuditFindingList, 'the findings'), ...failures },
});

/** The API of flags and segments as the commands use it. */
import type {
  Evaluated,
  FeatureFlag,
  FeatureFlagUpdate,
  FlagBatch,
  FlagBatchResult,
  FlagList,
  FlagRollbackRequest,
  FlagRollbackResult,
  FlagUsage,
  FlagUsageList,
  FlagVersionList,
  ProjectionCheck,
  ProjectionRebuilt,
  Segment,
  SegmentList,
  SegmentUpdate,
} from '@quantivista/contracts';
import type { HttpRequest, Reply } from './http.ts';

/** Every call throws Failure; those to the authority throw UsageError where none is known. */
export interface FlagApi {
  /** Those for a service, from a node. */
  ofService(service: string, archived: boolean): Promise<Reply<FeatureFlag[]>>;
  /** What a flag answers for a context, with its steps, from a node. */
  evaluate(name: string, context: Readonly<Record<string, unknown>>): Promise<Reply<Evaluated>>;
  /** All of them, from the authority. */
  all(archived: boolean): Promise<FeatureFlag[]>;
  read(name: string): Promise<Reply<FeatureFlag>>;
  /** All that change something may wait `waitS` seconds for the regions. */
  put(name: string, update: FeatureFlagUpdate, waitS?: number): Promise<Reply<FeatureFlag>>;
  delete(name: string, reason: string | undefined, waitS?: number): Promise<Reply<undefined>>;
  batch(request: FlagBatch, waitS?: number): Promise<Reply<FlagBatchResult>>;
  versions(
    name: string,
    page: { limit?: number | undefined; before?: number | undefined },
  ): Promise<Reply<FlagVersionList>>;
  rollback(name: string, request: FlagRollbackRequest, waitS?: number): Promise<Reply<FlagRollbackResult>>;
  /** Of all flags, or those that are not used: every page of it. */
  usage(query: Query): Promise<FlagUsageList>;
  usageOf(name: string, query: Query): Promise<Reply<FlagUsage>>;
  checkProjection(): Promise<Reply<ProjectionCheck>>;
  rebuildProjection(): Promise<Reply<ProjectionRebuilt>>;
  segments(): Promise<Segment[]>;
  readSegment(name: string): Promise<Reply<Segment>>;
  putSegment(name: string, update: SegmentUpdate, waitS?: number): Promise<Reply<Segment>>;
  deleteSegment(name: string, reason: string | undefined, waitS?: number): Promise<Reply<undefined>>;
}

type Query = Readonly<Record<string, string | undefined>>;
type Ask = <T>(request: HttpRequest) => Promise<Reply<T>>;

const PAGE = 500;
const written = (name: string) => `/api/v1/feature-flags/${encodeURIComponent(name)}`;
const flagPath = (name: string) => `/api/v1/flags/${encodeURIComponent(name)}`;
const segmentPath = (name: string) => `/api/v1/segments/${encodeURIComponent(name)}`;

export function createFlagApi(toAuthority: Ask, fromNode: Ask): FlagApi {
  /** Every page, one after the other. */
  async function allPages<List extends { readonly next_after?: string | undefined }, T>(
    path: string,
    query: Query,
    itemsOf: (list: List) => readonly T[],
  ): Promise<T[]> {
    const items: T[] = [];
    let after: string | undefined;
    do {
      const { body } = await toAuthority<List>({ path, query: { ...query, limit: PAGE, after } });
      items.push(...itemsOf(body));
      after = body.next_after;
    } while (after !== undefined);
    return items;
  }

  return {
    ofService: (service, archived) =>
      fromNode({ path: written(service), query: { archived: String(archived) } }),
    evaluate: (name, context) =>
      fromNode({
        method: 'POST',
        path: `${written(name)}/evaluate`,
        query: { explain: 'true' },
        body: { context },
      }),
    all: archived =>
      allPages('/api/v1/flags', { archived: String(archived) }, (list: FlagList) => list.flags),
    read: name => toAuthority({ path: flagPath(name) }),
    put: (name, body, waitS) => toAuthority({ method: 'PUT', path: written(name), body, waitS }),
    delete: (name, reason, waitS) =>
      toAuthority({ method: 'DELETE', path: written(name), query: { reason }, waitS }),
    batch: (body, waitS) => toAuthority({ method: 'POST', path: '/api/v1/flags/batch', body, waitS }),
    versions: (name, page) => toAuthority({ path: `${flagPath(name)}/versions`, query: page }),
    rollback: (name, body, waitS) =>
      toAuthority({ method: 'POST', path: `${flagPath(name)}/rollback`, body, waitS }),
    usage: async query => {
      const pages: FlagUsageList[] = [];
      const flags = await allPages('/api/v1/flag-usage', query, (list: FlagUsageList) => {
        pages.push(list);
        return list.flags;
      });
      const { next_after: _, ...last } = pages.at(-1)!;
      return { ...last, flags };
    },
    usageOf: (name, query) => toAuthority({ path: `/api/v1/flag-usage/${encodeURIComponent(name)}`, query }),
    checkProjection: () => toAuthority({ path: '/api/v1/flag-projection' }),
    rebuildProjection: () =>
      toAuthority({ method: 'POST', path: '/api/v1/flag-projection/rebuild', body: {} }),
    segments: () => allPages('/api/v1/segments', {}, (list: SegmentList) => list.segments),
    readSegment: name => toAuthority({ path: segmentPath(name) }),
    putSegment: (name, body, waitS) => toAuthority({ method: 'PUT', path: segmentPath(name), body, waitS }),
    deleteSegment: (name, reason, waitS) =>
      toAuthority({ method: 'DELETE', path: segmentPath(name), query: { reason }, waitS }),
  };
}

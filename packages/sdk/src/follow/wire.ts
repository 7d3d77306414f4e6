/**
 * What a node sends and takes, as its /openapi.json tells it. Said here once more, since this package stands alone; a
 * test holds that both say the same.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Why a value is not shown, of what stands in its place; `undefined` of a value. */
export const whyWithheld = (value: Json): string | undefined =>
  typeof value === 'object' && value !== null && '$withheld' in value ? String(value.$withheld) : undefined;

/** A state of the store. Revisions of two generations are not comparable. */
export interface Bookmark {
  readonly generation: string;
  readonly revision: number;
}

/** Where a node stands, as the head of each of its answers says. */
export interface Position extends Bookmark {
  /** How long ago it was known that there is nothing newer. */
  readonly ageMs: number;
}

/** `undefined` where the head does not say: a proxy may have written it, and before the first heartbeat no age is known. */
export function positionOf(headers: Headers): Position | undefined {
  const said = (name: string) => headers.get(`x-config-${name}`) ?? 'nothing';
  const revision = Number(said('revision'));
  const ageMs = Number(said('age')) * 1_000;
  const isKnown =
    headers.has('x-config-generation') && Number.isSafeInteger(revision) && Number.isFinite(ageMs);
  return isKnown ? { generation: said('generation'), revision, ageMs } : undefined;
}

/** One key's change, who made it and why. */
export interface AppliedUpdate {
  /** In streams of a whole environment. */
  readonly service_name?: string | undefined;
  readonly config_key: string;
  readonly old_value: Json;
  readonly new_value: Json;
  readonly deleted: boolean;
  readonly updated_by: string;
  readonly reason: string;
  readonly version: number;
}

export interface SnapshotFrame extends Bookmark {
  readonly type: 'snapshot';
  readonly configurations: Readonly<
    Record<string, { readonly config_value: Json; readonly version: number }>
  >;
}
export interface UpdateFrame extends Bookmark {
  readonly type: 'update';
  readonly updates: readonly AppliedUpdate[];
}
export interface HeartbeatFrame extends Bookmark {
  readonly type: 'heartbeat';
  /** Seconds; null where unknown. */
  readonly age: number | null;
  readonly reconnect_window_ms: number;
}
export interface ResetFrame extends Bookmark {
  readonly type: 'reset';
  readonly reason: string;
}
export type Frame = SnapshotFrame | UpdateFrame | HeartbeatFrame | ResetFrame;

/** Whether a client could use a revision, and so all before it. */
export interface Ack {
  readonly revision: number;
  readonly applied: boolean;
  /** Why not. */
  readonly error?: string;
}

const TYPES: readonly string[] = ['snapshot', 'update', 'heartbeat', 'reset'] satisfies Frame['type'][];

/**
 * The frame of an event's data; `undefined` for one of a type that a later version may have.
 * @throws SyntaxError where it is none
 */
export function parseFrame(data: string): Frame | undefined {
  const frame = JSON.parse(data) as Partial<Frame> | null;
  if (typeof frame?.type !== 'string') throw new SyntaxError('a frame without a type');
  if (!TYPES.includes(frame.type)) return undefined;
  if (typeof frame.generation !== 'string' || !Number.isSafeInteger(frame.revision))
    throw new SyntaxError(`a ${frame.type} without generation and revision`);
  return frame as Frame;
}

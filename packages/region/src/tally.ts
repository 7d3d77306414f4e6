/** What a region's nodes have counted of one kind, on its way through Redis. */
import { randomUUID } from 'node:crypto';
import {
  closeRedis,
  connectRedis,
  type RedisAddress,
  type RegionOptions,
  unavailable,
} from './connection.ts';
import { tallyKeys } from './keys.ts';
import { ADD, DROP, DROP_CHILD, PUT_CHILD, SEAL } from './tally-rules.ts';

/** What is counted: the rest of a JSON array of texts, `"flag","variant"]`, made once for many windows. */
export type CountName = string;
export const countName = (...parts: readonly string[]): CountName => JSON.stringify(parts).slice(1);

/** A part of what a node counted in one window, small enough that Redis is not held up. */
export interface CountBatch {
  /** When the window began: milliseconds since the epoch. */
  readonly at: number;
  readonly counts: readonly (readonly [name: CountName, times: number])[];
  /** What was counted without a name. */
  readonly other: number;
}

/** What one region counted and hands over in one piece: whoever has taken `id` once takes it no more. */
export interface Bundle {
  readonly region: string;
  readonly id: string;
}

/** How often something was counted in a window; its name is empty for what there was no room to name. */
export interface Counted {
  /** When the window began: milliseconds since the epoch. */
  readonly at: number;
  readonly name: readonly string[];
  readonly times: number;
}

export interface TallyKind<B extends Bundle> {
  /** Stands in the keys. */
  readonly name: string;
  /** Of names in one bundle, beyond which nothing new is named. A bundle is one value in etcd, which takes 1.5 MB. */
  readonly maxBytes: number;
  /** @param counted oldest window first */
  bundle(from: Bundle, counted: readonly Counted[]): B;
}

/** Every call throws ServiceError `store_unavailable` where Redis does not answer: it may have been carried out. */
export interface Tally<B extends Bundle> {
  /**
   * Add what the node counted. `sequence` grows with each batch of the node, and a batch that is added again under its
   * sequence is not counted again. @param node of this one life of it: a UUID
   */
  add(node: string, sequence: number, batch: CountBatch): Promise<void>;
  /**
   * What is ready to be handed over: the same until it is dropped, whatever is added. For `holder`, which is the only
   * one for `holdMs` from now; that saves work and guards nothing. @param minAgeMs so long counts are gathered
   */
  seal(
    holder: string,
    holdMs: number,
    minAgeMs: number,
  ): Promise<{ readonly kind: 'another' | 'nothing' } | { readonly kind: 'sealed'; bundle: B }>;
  /** It has been handed over. */
  drop(id: string): Promise<void>;
  /** Keep a bundle of a region that is fed from this one; false while there is no room for it. */
  putChild(bundle: B): Promise<boolean>;
  childBundles(): AsyncIterable<B>;
  dropChild(bundle: B): Promise<void>;
  close(): void;
}

const MAX_CHILDREN = 1_000;
/** So long counts wait for a centre that is away. */
const KEEP_S = 24 * 3_600;

export type TallyAddress = RedisAddress & Pick<RegionOptions, 'region'>;

export function createTally<B extends Bundle>(
  kind: TallyKind<B>,
  { region, ...address }: TallyAddress,
): Tally<B> {
  const redis = connectRedis(address, 5_000);
  const keys = tallyKeys(region, kind.name);
  const rules = { qvAdd: ADD, qvSeal: SEAL, qvDrop: DROP, qvPutChild: PUT_CHILD, qvDropChild: DROP_CHILD };
  for (const [name, lua] of Object.entries(rules))
    redis.defineCommand(name, { numberOfKeys: lua === ADD ? 5 : 4, lua });
  const call = async <T>(name: keyof typeof rules, ...args: (string | number)[]): Promise<T> => {
    const commands = redis as unknown as Record<string, (...all: (string | number)[]) => Promise<T>>;
    const { open, sealed, claim, children } = keys;
    return commands[name]!(open, sealed, claim, children, ...args).catch(unavailable);
  };

  return {
    add: async (node, sequence, { at, counts, other }) => {
      const fields = counts.flatMap(([name, times]): (string | number)[] => [`[${at},${name}`, times]);
      if (other > 0) fields.push(`[${at}]`, other);
      await call('qvAdd', keys.told(node), sequence, randomUUID(), kind.maxBytes, KEEP_S, ...fields);
    },
    seal: async (holder, holdMs, minAgeMs) => {
      const answer = await call<['another' | 'nothing'] | ['sealed', string[]]>(
        'qvSeal',
        holder,
        holdMs,
        minAgeMs,
      );
      return answer[0] === 'sealed'
        ? { kind: 'sealed', bundle: bundleOf(kind, region, answer[1]) }
        : { kind: answer[0] };
    },
    drop: id => call('qvDrop', id),
    putChild: async bundle => {
      const { region: child, id } = bundle;
      const text = JSON.stringify(bundle);
      return (await call<number>('qvPutChild', child, id, text, MAX_CHILDREN, KEEP_S)) === 1;
    },
    childBundles: async function* () {
      for (const child of await redis.hkeys(keys.children).catch(unavailable)) {
        const held = await redis.hget(keys.children, child).catch(unavailable);
        if (held !== null) yield JSON.parse(held.slice(held.indexOf(' ') + 1)) as B;
      }
    },
    dropChild: ({ region: child, id }) => call('qvDropChild', child, id),
    close: () => closeRedis(redis),
  };
}

/** @param fields of the sealed hash, each before its value */
function bundleOf<B extends Bundle>(kind: TallyKind<B>, region: string, fields: readonly string[]): B {
  let id = '';
  const counted: Counted[] = [];
  for (let index = 0; index < fields.length; index += 2) {
    const [field, value] = [fields[index]!, fields[index + 1]!];
    if (field === '') {
      id = value.slice(0, value.indexOf(' '));
      continue;
    }
    const [at, ...name] = JSON.parse(field) as [number, ...string[]];
    counted.push({ at, name, times: Number(value) });
  }
  counted.sort((a, b) => a.at - b.at);
  return kind.bundle({ region, id }, counted);
}

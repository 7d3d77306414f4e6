/** What a region's nodes have counted, on its way through Redis. */
import { randomUUID } from 'node:crypto';
import type { ImpressionBundle, ImpressionWindow } from '@quantivista/contracts';
import {
  closeRedis,
  connectRedis,
  type RedisAddress,
  type RegionOptions,
  unavailable,
} from './connection.ts';
import { ADD, DROP, DROP_CHILD, PUT_CHILD, SEAL } from './impression-rules.ts';
import { impressionKeys } from './keys.ts';

/**
 * Evaluations of one flag and variant: the rest of a JSON array, `"flag","variant"]`, made once for many windows. The
 * empty variant stands for none.
 */
export type CountName = string;
export const countName = (flag: string, variant: string | undefined): CountName =>
  JSON.stringify([flag, variant ?? '']).slice(1);

/** A part of what a node counted in one window, small enough that Redis is not held up. */
export interface CountBatch {
  /** When the window began: milliseconds since the epoch. */
  readonly at: number;
  readonly counts: readonly (readonly [name: CountName, times: number])[];
  /** Evaluations that are named no flag. */
  readonly other: number;
}

/** Every call throws ServiceError `store_unavailable` where Redis does not answer: it may have been carried out. */
export interface RegionImpressions {
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
  ): Promise<
    { readonly kind: 'another' | 'nothing' } | { readonly kind: 'sealed'; bundle: ImpressionBundle }
  >;
  /** It has been handed over. */
  drop(id: string): Promise<void>;
  /** Keep a bundle of a region that is fed from this one; false while there is no room for it. */
  putChild(bundle: ImpressionBundle): Promise<boolean>;
  childBundles(): AsyncIterable<ImpressionBundle>;
  dropChild(bundle: ImpressionBundle): Promise<void>;
  close(): void;
}

/** A bundle is one value in etcd, which takes 1.5 MB: names and counts together come to less than two thirds. */
const MAX_BYTES = 512 * 1024;
const MAX_CHILDREN = 1_000;
/** So long counts wait for a centre that is away. */
const KEEP_S = 24 * 3_600;

export function createRegionImpressions({
  region,
  ...address
}: RedisAddress & Pick<RegionOptions, 'region'>): RegionImpressions {
  const redis = connectRedis(address, 5_000);
  const keys = impressionKeys(region);
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
      await call('qvAdd', keys.told(node), sequence, randomUUID(), MAX_BYTES, KEEP_S, ...fields);
    },
    seal: async (holder, holdMs, minAgeMs) => {
      const answer = await call<['another' | 'nothing'] | ['sealed', string[]]>(
        'qvSeal',
        holder,
        holdMs,
        minAgeMs,
      );
      return answer[0] === 'sealed'
        ? { kind: 'sealed', bundle: bundleOf(region, answer[1]) }
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
        if (held !== null) yield JSON.parse(held.slice(held.indexOf(' ') + 1)) as ImpressionBundle;
      }
    },
    dropChild: ({ region: child, id }) => call('qvDropChild', child, id),
    close: () => closeRedis(redis),
  };
}

/** @param fields of the sealed hash, each before its value */
function bundleOf(region: string, fields: readonly string[]): ImpressionBundle {
  const windows = new Map<number, ImpressionWindow>();
  let id = '';
  for (let index = 0; index < fields.length; index += 2) {
    const [field, value] = [fields[index]!, fields[index + 1]!];
    if (field === '') {
      id = value.slice(0, value.indexOf(' '));
      continue;
    }
    const [at, flag, variant] = JSON.parse(field) as [number, string?, string?];
    const window = windows.get(at) ?? { at, flags: {}, other: 0 };
    windows.set(at, window);
    if (flag === undefined) window.other = Number(value);
    else {
      // A flag may be called toString.
      if (!Object.hasOwn(window.flags, flag)) window.flags[flag] = {};
      window.flags[flag]![variant!] = Number(value);
    }
  }
  return { region, id, windows: [...windows.values()].sort((a, b) => a.at - b.at) };
}

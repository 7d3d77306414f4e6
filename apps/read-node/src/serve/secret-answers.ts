/** Reads by those who may see secrets: what is answered has them in it, as far as they are opened. */
import { entityTag, openedTag, ServiceError, WITHHELD_HEADER, withheld } from '@quantivista/contracts';
import { openedBody, openedMap, type SealedEntry, type Service, serviceMapTag } from '@quantivista/snapshot';
import type { Replica } from '../follow/replica.ts';
import type { OpenedSecrets } from '../secrets/opened-secrets.ts';
import { type Answer, stateHeaders, tagged } from './answer.ts';
import { isReadable } from './readable.ts';
import type { Reader } from './reader.ts';

export interface ServicePath {
  readonly environment: string;
  readonly service: string;
}
export interface KeyPath extends ServicePath {
  readonly key: string;
}

/** Of the secrets that a read would show, how many its reader may see. */
export type Shown = 'all' | 'some' | 'none';

export interface SecretAnswers {
  /** Of a key that is none, or without secrets: none. */
  shownTo(reader: Reader, path: ServicePath & { readonly key?: string | undefined }, service: Service): Shown;
  /** `undefined` while not everything that belongs in it is opened. */
  key(path: KeyPath, sealed: SealedEntry, ifNoneMatch: string | null): Answer | undefined;
  service(path: ServicePath, service: Service, ifNoneMatch: string | null): Answer | undefined;
  /** Once the secrets of a service, or the one of a key, are opened or can't be for now. */
  settled(path: ServicePath, keys: readonly string[]): Promise<void>;
  /** As `key`, once settled. @throws ServiceError `secrets_unavailable`, `secret_destroyed` */
  settledKey(path: KeyPath, sealed: SealedEntry, ifNoneMatch: string | null): Answer;
  /** As `service`, once settled: what can't be had, or is not for this reader, says so in its place. */
  settledService(path: ServicePath, service: Service, reader: Reader, ifNoneMatch: string | null): Answer;
}

/** A secret is opened within milliseconds, or its store does not answer. */
const SETTLE_MS = 2_000;

export function createSecretAnswers(replica: Replica, secrets: OpenedSecrets): SecretAnswers {
  /** Made when they are first read; let go of with the state that they are of. */
  const bodies = new WeakMap<SealedEntry, string>();
  const maps = new WeakMap<Service, { readonly tag: string; readonly map: string }>();

  /** Nobody else's to keep. */
  function opened(tag: string, ifNoneMatch: string | null, body: () => string): Answer {
    const answer = tagged(replica, tag, ifNoneMatch, body);
    answer.headers['cache-control'] = 'private, no-store';
    return answer;
  }
  const generation = () => replica.current!.snapshot.generation;

  function bodyOf(path: KeyPath, sealed: SealedEntry): string | undefined {
    let body = bodies.get(sealed);
    if (body !== undefined) return body;
    const secret = secrets.get(path);
    if (secret.kind !== 'opened') return undefined;
    body = openedBody(sealed, secret.json);
    bodies.set(sealed, body);
    return body;
  }

  const key: SecretAnswers['key'] = (path, sealed, ifNoneMatch) => {
    const body = bodyOf(path, sealed);
    if (body === undefined) return undefined;
    const tag = openedTag(entityTag(generation(), sealed.entry.revision));
    return opened(tag, ifNoneMatch, () => body);
  };

  const service: SecretAnswers['service'] = (path, of, ifNoneMatch) => {
    const tag = openedTag(serviceMapTag(of, generation()));
    const known = maps.get(of);
    if (known?.tag === tag) return opened(tag, ifNoneMatch, () => known.map);
    for (const name of of.sealed!.keys()) {
      if (secrets.get({ ...path, key: name }).kind !== 'opened') return undefined;
    }
    const map = openedMap(of, name => {
      const secret = secrets.get({ ...path, key: name });
      return secret.kind === 'opened' ? secret.json : 'null';
    });
    maps.set(of, { tag, map });
    return opened(tag, ifNoneMatch, () => map);
  };

  const shownTo: SecretAnswers['shownTo'] = (reader, { environment, service: name, key }, of) => {
    if (!of.sealed || (key !== undefined && !of.sealed.has(key))) return 'none';
    const reads = reader.extent(environment, name);
    const secretly = reader.extent(environment, name, 'read-secret');
    const isShown = (key: string, { entry }: SealedEntry) =>
      isReadable(reads, name, key, entry) && isReadable(secretly, name, key, entry);
    if (key !== undefined) return isShown(key, of.sealed.get(key)!) ? 'all' : 'none';
    if (reads === 'all' && secretly === 'all') return 'all';
    const shown = [...of.sealed].filter(each => isShown(...each)).length;
    if (shown === 0) return 'none';
    return reads === 'all' && shown === of.sealed.size ? 'all' : 'some';
  };

  return {
    key,
    service,
    shownTo,
    settled: (path, keys) => secrets.settled(path, keys, SETTLE_MS),
    settledKey: (path, sealed, ifNoneMatch) => {
      const answer = key(path, sealed, ifNoneMatch);
      if (answer) return answer;
      throw new ServiceError(
        secrets.get(path).kind === 'destroyed' ? 'secret_destroyed' : 'secrets_unavailable',
      );
    },
    settledService: (path, of, reader, ifNoneMatch) => {
      const whole = shownTo(reader, path, of) === 'all' ? service(path, of, ifNoneMatch) : undefined;
      if (whole) return whole;
      const reads = reader.extent(path.environment, path.service);
      const secretly = reader.extent(path.environment, path.service, 'read-secret');
      let missing = 0;
      const jsonOf = (name: string, { entry }: SealedEntry): string => {
        const isShown = isReadable(secretly, path.service, name, entry);
        const secret = isShown ? secrets.get({ ...path, key: name }) : undefined;
        if (secret?.kind === 'opened') return secret.json;
        missing++;
        if (!secret) return JSON.stringify(withheld('confidential'));
        return JSON.stringify(
          withheld(secret.kind === 'destroyed' ? 'secret_destroyed' : 'secrets_unavailable'),
        );
      };
      const body = openedMap(of, jsonOf, (name, entry) => isReadable(reads, path.service, name, entry));
      // Without a tag: the same state may be answered otherwise in a moment.
      const headers = {
        ...stateHeaders(replica),
        ...(missing > 0 && { [WITHHELD_HEADER]: String(missing) }),
      };
      return { status: 200, headers: { ...headers, 'cache-control': 'private, no-store' }, body };
    },
  };
}

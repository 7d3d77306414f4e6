/**
 * Secrets in a KV v2 engine: one path a configuration, one version a value. The value stands there as the
 * text of its JSON, since Vault would order an object's members; beside it an id, since version numbers
 * begin again where a path was wiped.
 */
import { randomBytes } from 'node:crypto';
import { type Json, type SealedValue, ServiceError } from '@quantivista/contracts';
import { z } from 'zod';
import { kvPath } from './names.ts';
import { createProven } from './proven.ts';
import { errorsOf, isTooLarge, unexpected } from './reply.ts';
import type { Opened, SecretPath } from './secret-store.ts';
import type { Session } from './session.ts';
import type { Reply } from './transport.ts';

export type KvReference = Extract<SealedValue['$sealed'], { store: 'vault-kv' }>;

export interface KvSecrets {
  keep(path: SecretPath, value: Json): Promise<KvReference>;
  open(path: SecretPath, reference: KvReference): Promise<Opened>;
  destroy(path: SecretPath, reference: KvReference): Promise<boolean>;
}

/** A path keeps so many versions: more than anyone rolls back. By itself Vault keeps ten. */
const WANTED_VERSIONS = 10_000;
const ID_BYTES = 12;
const MAX_CAS_TRIES = 10;

const MountConfig = z.object({ data: z.object({ max_versions: z.number() }) });
const Written = z.object({ data: z.object({ version: z.int().positive() }) });
const Version = z.object({ data: z.object({ data: z.object({ json: z.string(), id: z.string() }) }) });
const Gone = z.object({
  data: z.object({ metadata: z.object({ deletion_time: z.string(), destroyed: z.boolean() }) }),
});
const Metadata = z.object({ data: z.object({ current_version: z.int() }) });
export function createKvSecrets({ call }: Session, mount: string): KvSecrets {
  /** Let each path keep its versions. */
  async function makeRoom(): Promise<void> {
    const path = `${mount}/config`;
    const found = await call({ method: 'GET', path });
    const config = MountConfig.safeParse(found.body);
    if (found.status !== 200 || !config.success) throw unexpected(found, path);
    if (config.data.data.max_versions >= WANTED_VERSIONS) return;
    const set = await call({ method: 'POST', path, body: { max_versions: WANTED_VERSIONS } });
    if (set.status !== 204 && set.status !== 200) throw unexpected(set, path);
  }
  const ensureRoom = createProven(makeRoom);

  /**
   * Every write makes a version of its own, whoever writes at the same time; so it needs no condition, but
   * a mount may ask for one (`cas_required`).
   */
  async function write(path: string, data: object): Promise<Reply> {
    let reply = await call({ method: 'POST', path: `${mount}/data/${path}`, body: { data } });
    for (let tries = 0; tries < MAX_CAS_TRIES && /check-and-set/.test(errorsOf(reply)); tries++) {
      const { body } = await call({ method: 'GET', path: `${mount}/metadata/${path}` });
      const cas = Metadata.safeParse(body).data?.data.current_version ?? 0;
      reply = await call({ method: 'POST', path: `${mount}/data/${path}`, body: { data, options: { cas } } });
    }
    return reply;
  }

  async function open(path: SecretPath, { version, id }: KvReference): Promise<Opened> {
    const place = `${mount}/data/${kvPath(path)}`;
    const reply = await call({ method: 'GET', path: `${place}?version=${version}` });
    if (reply.status === 404 && Gone.safeParse(reply.body).success) return { kind: 'destroyed' };
    // Where there is no such engine, it says so.
    if (reply.status === 404 && errorsOf(reply) === '') return { kind: 'absent' };
    const found = Version.safeParse(reply.body);
    if (reply.status !== 200) throw unexpected(reply, place);
    if (!found.success || found.data.data.data.id !== id) return { kind: 'absent' };
    return { kind: 'opened', value: JSON.parse(found.data.data.data.json) as Json };
  }

  return {
    open,
    keep: async (path, value) => {
      await ensureRoom();
      const place = kvPath(path);
      const id = randomBytes(ID_BYTES).toString('base64url');
      const reply = await write(place, { json: JSON.stringify(value), id });
      if (isTooLarge(reply))
        throw new ServiceError('too_large', { message: 'The value is larger than Vault keeps' });
      const written = Written.safeParse(reply.body);
      if (reply.status !== 200 || !written.success) throw unexpected(reply, `${mount}/data/${place}`);
      return { store: 'vault-kv', version: written.data.data.version, id };
    },
    destroy: async (path, reference) => {
      const { kind } = await open(path, reference);
      if (kind !== 'opened') return kind === 'destroyed';
      const place = `${mount}/destroy/${kvPath(path)}`;
      const reply = await call({ method: 'POST', path: place, body: { versions: [reference.version] } });
      if (reply.status !== 204 && reply.status !== 200) throw unexpected(reply, place);
      return true;
    },
  };
}

/**
 * What the authority keeps versions of. Every kind goes the same way: planned, recorded, committed, and back to
 * an earlier version. A kind says where its records stand; what is in them is for those who serve it.
 */
import {
  AUTHORITY_PREFIX,
  BINDINGS_PREFIX,
  type ConfigurationPath,
  configurationKey,
  DISTRIBUTED_PREFIX,
  ROLES_PREFIX,
  TOKENS_PREFIX,
} from './keys.ts';
import type { Environment } from './names.ts';

export const RECORD_KINDS = [
  'configuration',
  'flag',
  'segment',
  'schema',
  'protection',
  'proposal',
  'webhook',
  'token',
  /** What is on record of a secret besides the versions of its configuration. */
  'secret',
  'role',
  'binding',
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

export interface RecordPath {
  readonly kind: RecordKind;
  /** `*` where the kind belongs to no environment. */
  readonly environment: Environment | '*';
  /** Empty where the kind belongs to no service. */
  readonly service: string;
  readonly key: string;
}

export const configurationPath = (path: ConfigurationPath): RecordPath & ConfigurationPath => ({
  kind: 'configuration',
  ...path,
});
const global = (kind: RecordKind, key: string): RecordPath => ({ kind, environment: '*', service: '', key });
export const flagPath = (flag: string): RecordPath => global('flag', flag);
export const segmentPath = (segment: string): RecordPath => global('segment', segment);
export const proposalPath = (id: string): RecordPath => global('proposal', id);
export const webhookPath = (name: string): RecordPath => global('webhook', name);
/** `pattern`: a key, or the beginning of keys and `*`. */
export const schemaPath = (service: string, pattern: string): RecordPath => ({
  kind: 'schema',
  environment: '*',
  service,
  key: pattern,
});
export const protectionPath = (environment: Environment): RecordPath => ({
  kind: 'protection',
  environment,
  service: '',
  // Versions of deleted records are kept by key: each environment's must count by itself.
  key: environment.toLowerCase(),
});
/** Of the configuration of that path. */
export const secretRecordPath = (path: ConfigurationPath): RecordPath => ({ kind: 'secret', ...path });
/** `hash`: the token's, from which nobody can guess it. */
export const tokenPath = (hash: string): RecordPath => global('token', hash);
export const rolePath = (name: string): RecordPath => global('role', name);
export const bindingPath = (name: string): RecordPath => global('binding', name);

/** Distributed: nodes evaluate and list them. */
export const FLAGS_PREFIX = `${DISTRIBUTED_PREFIX}_flags/`;
export const SEGMENTS_PREFIX = `${DISTRIBUTED_PREFIX}_segments/`;
export const SCHEMAS_PREFIX = `${AUTHORITY_PREFIX}schemas/`;
export const PROTECTION_PREFIX = `${AUTHORITY_PREFIX}protection/`;
export const PROPOSALS_PREFIX = `${AUTHORITY_PREFIX}proposals/`;
export const WEBHOOKS_PREFIX = `${AUTHORITY_PREFIX}webhooks/`;
export const SECRETS_PREFIX = `${AUTHORITY_PREFIX}secrets/`;

/** Of all a service's schemas. */
export const serviceSchemasPrefix = (service: string): string => `${SCHEMAS_PREFIX}${service}/`;

/** Where a record stands in etcd. */
export function recordKey({ kind, environment, service, key }: RecordPath): string {
  switch (kind) {
    case 'configuration':
      return configurationKey({ environment: environment as Environment, service, key });
    case 'flag':
      return FLAGS_PREFIX + key;
    case 'segment':
      return SEGMENTS_PREFIX + key;
    case 'schema':
      return serviceSchemasPrefix(service) + key;
    case 'protection':
      return PROTECTION_PREFIX + environment.toLowerCase();
    case 'proposal':
      return PROPOSALS_PREFIX + key;
    case 'webhook':
      return WEBHOOKS_PREFIX + key;
    case 'secret':
      return `${SECRETS_PREFIX}${environment.toLowerCase()}/${service}/${key}`;
    case 'token':
      return TOKENS_PREFIX + key;
    case 'role':
      return ROLES_PREFIX + key;
    case 'binding':
      return BINDINGS_PREFIX + key;
  }
}

/** Of all documents of deleted records. */
export const DELETED_PREFIX = `${AUTHORITY_PREFIX}deleted/`;
/** Last versions of deleted records, `{key: version}`: one document a service, or a kind that has none. */
export function deletedKey({ kind, environment, service }: Omit<RecordPath, 'key'>): string {
  const folder = kind === 'configuration' ? environment.toLowerCase() : `_${kind}`;
  return `${DELETED_PREFIX}${folder}/${service}`;
}

/**
 * Values that are kept out of sight. From here on only what was sealed goes on: into plans, intents, the store, the
 * trail. What was kept and is not referred to in the end (the write was refused, its author died) does no harm.
 */
import {
  type Configuration,
  type ConfigurationPath,
  fieldFault,
  isConfidential,
  isSealed,
  type Json,
  type SealedValue,
  ServiceError,
} from '@quantivista/contracts';
import type { SecretStore } from '@quantivista/vault';
import type { StoredRecord, WriteRequest } from '../write/request.ts';
import type { PlannedChange } from '../write/rule.ts';
import { sameValue } from './same-value.ts';

type Place = Pick<PlannedChange, 'path' | 'field'>;
/** What a record that may be none is at a moment. */
type PresentOf = (path: PlannedChange['path']) => StoredRecord | undefined;

export interface SecretValues {
  /** A value as it was sent. @throws ServiceError `secrets_unavailable`, `secret_destroyed` */
  open(path: ConfigurationPath, value: Json): Promise<Json>;
  /** A configuration with its value opened. @throws ServiceError as `open` */
  opened(configuration: Configuration): Promise<Configuration>;
  /**
   * Conditions on values that are kept out of sight, compared here: what holds is told to the plan by the sealed
   * value. @throws ServiceError `conflict`, `secrets_unavailable`
   */
  compare(request: WriteRequest, present: PresentOf): Promise<WriteRequest>;
  /** Planned changes as rules judge them: every value as it was sent. @throws ServiceError as `open` */
  judged(changes: readonly PlannedChange[]): Promise<readonly PlannedChange[]>;
  /**
   * The request with every value sealed that is to be; the same one where none is. However often it is planned
   * anew, a value is kept once. @throws ServiceError `secrets_unavailable`, `not_supported`
   */
  keep(request: WriteRequest, planned: readonly PlannedChange[]): Promise<WriteRequest>;
}

const NO_STORE = 'takes a store of secrets, and this authority has none: see VAULT_ADDR and KEYRING_FILE';

const configurationOf = (record: StoredRecord) => record as unknown as Configuration;
const secretPath = ({ environment, service, key }: PlannedChange['path']) =>
  ({ environment, service, key }) as ConfigurationPath;

/** Of a configuration whose value is sealed. */
const sealedIn = ({ path }: Pick<Place, 'path'>, record: StoredRecord | undefined): Json | undefined =>
  path.kind === 'configuration' && isSealed(record?.config_value) ? record!.config_value : undefined;

/** To be sealed, and not sealed yet. */
const isToBeKept = ({ path, after }: PlannedChange): boolean =>
  path.kind === 'configuration' &&
  after !== undefined &&
  isConfidential(configurationOf(after)) &&
  !isSealed(after.config_value);

export function createSecretValues(store: SecretStore | undefined): SecretValues {
  /** By the change that asked for it, while it is being tried. */
  const kept = new WeakMap<WriteRequest['changes'][number], { as: string; sealed: Json }>();

  const open: SecretValues['open'] = async (path, value) => {
    if (!isSealed(value)) return value;
    if (!store) throw new ServiceError('secrets_unavailable', { message: `reading a secret ${NO_STORE}` });
    const opened = await store.open(path, value as SealedValue);
    if (opened.kind === 'opened') return opened.value;
    throw new ServiceError('secret_destroyed', { details: { config_key: path.key } });
  };

  async function keepOne({ path, field, after }: PlannedChange): Promise<Json> {
    const { config_type: type, config_value: value } = configurationOf(after!);
    const as = type === 'SECRET' ? 'secret' : 'encrypted';
    const named = type === 'SECRET' ? 'config_type' : 'is_encrypted';
    if (!store) throw fieldFault(`${field}.${named}`, NO_STORE, 'not_supported');
    return (await store.keep(secretPath(path), value, as)) as Json;
  }

  return {
    open,
    opened: async configuration => {
      const { environment, service_name: service, config_key: key, config_value } = configuration;
      return isSealed(config_value)
        ? { ...configuration, config_value: await open({ environment, service, key }, config_value) }
        : configuration;
    },

    compare: async (request, present) => {
      const changes = await Promise.all(
        request.changes.map(async change => {
          const { oldValue } = change.conditions;
          const record = oldValue === undefined ? undefined : present(change.path);
          const sealed = sealedIn(change, record);
          if (oldValue === undefined || sealed === undefined) return change;
          // Who may not change what it is must not be told whether it was guessed.
          request.authorize?.(change.path, record);
          if (!sameValue(oldValue, await open(secretPath(change.path), sealed))) {
            throw new ServiceError('conflict', {
              message: 'old_value is not the present value',
              details: { config_key: change.path.key, current: record },
            });
          }
          const compared = { ...change, conditions: { ...change.conditions, oldValue: sealed } };
          const known = kept.get(change);
          if (known) kept.set(compared, known);
          return compared;
        }),
      );
      return changes.every((change, index) => change === request.changes[index])
        ? request
        : { ...request, changes };
    },

    judged: async changes =>
      Promise.all(
        changes.map(async change => {
          const sealed = sealedIn(change, change.after);
          if (sealed === undefined) return change;
          const value = await open(secretPath(change.path), sealed);
          return { ...change, after: { ...change.after!, config_value: value } };
        }),
      ),

    keep: async (request, planned) => {
      if (!planned.some(isToBeKept)) return request;
      const changes = await Promise.all(
        request.changes.map(async (change, index) => {
          const wanted = planned[index]!;
          if (!isToBeKept(wanted)) return change;
          const as = configurationOf(wanted.after!).config_type;
          let known = kept.get(change);
          if (known?.as !== as) known = { as, sealed: await keepOne(wanted) };
          kept.set(change, known);
          const { sealed } = known;
          const next: typeof change.next = (present, moment) => {
            const record = change.next(present, moment);
            return record && { ...record, config_value: sealed };
          };
          return { ...change, next };
        }),
      );
      return { ...request, changes };
    },
  };
}

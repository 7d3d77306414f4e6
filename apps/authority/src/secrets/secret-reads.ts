/** Reading secrets at the authority: who may, and that it is told of in the log. */
import type { Credential } from '@quantivista/access';
import { type Configuration, isSealed, withheld } from '@quantivista/contracts';
import type { Log } from '@quantivista/runtime';
import type { Callers } from '../callers.ts';
import type { SecretValues } from './secret-values.ts';

export interface SecretReads {
  /**
   * The configuration as this caller may see it: with a secret's value, or with that withheld.
   * @throws ServiceError `secrets_unavailable`, `secret_destroyed`, for those who may see it
   */
  shown(configuration: Configuration, credential: Credential | undefined): Promise<Configuration>;
  /** Whether it would be shown with its value, and that is one that others are not shown. */
  isOpen(configuration: Configuration, credential: Credential | undefined): Promise<boolean>;
}

export interface SecretReadsOptions {
  readonly callers: Callers;
  readonly secrets: SecretValues;
  readonly log: Log;
}

export function createSecretReads({ callers, secrets, log }: SecretReadsOptions): SecretReads {
  /** The name of one who may read this secret. */
  async function reader(
    { environment, service_name: service, config_key: key, config_type: type }: Configuration,
    credential: Credential | undefined,
  ): Promise<string | undefined> {
    // Where reads are open anyone may ask. Who may not see it is shown that it is withheld: nothing was denied.
    const isNobody = credential === undefined || (typeof credential === 'object' && !credential.principal);
    if (isNobody) return undefined;
    const { name, rights } = await callers.require(credential);
    return rights.decide('read-secret', { environment, service, key, type }).allowed ? name : undefined;
  }

  return {
    isOpen: async (configuration, credential) =>
      isSealed(configuration.config_value) && (await reader(configuration, credential)) !== undefined,
    shown: async (configuration, credential) => {
      if (!isSealed(configuration.config_value)) return configuration;
      const actor = await reader(configuration, credential);
      if (actor === undefined) return { ...configuration, config_value: { ...withheld() } };
      const { environment, service_name, config_key, version } = configuration;
      const opened = await secrets.opened(configuration);
      log.info({ actor, environment, service_name, config_key, version }, 'a secret was read');
      return opened;
    },
  };
}

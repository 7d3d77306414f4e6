/** How a webhook is set: what its next state is. Its secrets are named by their ids alone. */
import {
  type Environment,
  ServiceError,
  type Webhook,
  type WebhookSecretRef,
  type WebhookUpdate,
  webhookPath,
} from '@quantivista/contracts';
import type { Conditions, RequestedChange, StoredRecord } from './request.ts';

/** For how long a secret that was replaced signs beside the new one. */
const OVERLAP_MS = 24 * 60 * 60 * 1_000;

/** The secrets after `fresh` has taken the place of the newest. */
function rotated(present: readonly WebhookSecretRef[], fresh: string, now: string): WebhookSecretRef[] {
  const [replaced] = present;
  const expires_at = new Date(Date.parse(now) + OVERLAP_MS).toISOString();
  return [{ id: fresh, created_at: now }, ...(replaced ? [{ ...replaced, expires_at }] : [])];
}

/**
 * @param secretId of a secret that was made for it: taken where the webhook is new, or is to have another one
 * @throws from the plan: ServiceError `conflict` where there is none and one is needed
 */
export const setWebhook = (
  name: string,
  update: WebhookUpdate,
  { secretId, conditions = {} }: { secretId: string | undefined; conditions?: Conditions },
): RequestedChange => ({
  path: webhookPath(name),
  field: 'body',
  conditions,
  next: (record, { version, now, actor }) => {
    const present = record as Webhook | undefined;
    const rotate = present === undefined || update.rotate_secret;
    if (rotate && secretId === undefined)
      throw new ServiceError('conflict', { message: 'the webhook was deleted meanwhile' });
    const { url, types, environments, services, enabled, description } = update;
    const webhook: Webhook = {
      name,
      url,
      types,
      environments: environments as Environment[],
      services,
      enabled,
      description,
      secrets: rotate ? rotated(present?.secrets ?? [], secretId!, now) : present.secrets,
      version,
      created_at: present?.created_at ?? now,
      updated_at: now,
      updated_by: actor,
    };
    return webhook as unknown as StoredRecord;
  },
});

/** As the authority does it, unless the webhook was changed since. */
export const disableWebhook = (known: Webhook, note: string): RequestedChange => ({
  path: webhookPath(known.name),
  field: 'body',
  conditions: {},
  next: (record, { version, now, actor }) => {
    const present = record as Webhook | undefined;
    if (present?.version !== known.version)
      throw new ServiceError('conflict', { message: 'the webhook was changed meanwhile' });
    const webhook: Webhook = {
      ...present,
      enabled: false,
      note,
      version,
      updated_at: now,
      updated_by: actor,
    };
    return webhook as unknown as StoredRecord;
  },
});

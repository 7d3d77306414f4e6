/** Events to webhooks, signed with the secrets that are in force. */
import { randomUUID } from 'node:crypto';
import { cloudEventType, EVENT_SOURCE, type Webhook } from '@quantivista/contracts';
import { createAgent, type Lookup, whyNotTarget } from './connector.ts';
import { createSender, type Message, type Received } from './sender.ts';
import type { SigningSecrets } from './signing-secrets.ts';
import type { Targets } from './targets.ts';

export interface MessengerOptions {
  readonly secrets: SigningSecrets;
  readonly targets: Targets;
  readonly lookup: Lookup;
  /** For a connection, and for a whole request. */
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
}

export interface Messenger {
  /** Never throws: what fails here fails as the receiver's failures do. */
  send(webhook: Webhook, event: Message['event'], signal?: AbortSignal): Promise<Received>;
  /** An event that says nothing, at the revision given. */
  ping(webhook: Webhook, at: { generation: string; revision: number }): Promise<Received>;
  /** Why a webhook may not lead to `url`; `undefined` where it may. */
  whyNot(url: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Secrets in memory; they never change under their ids. */
const REMEMBERED = 1_000;

export function createMessenger(options: MessengerOptions): Messenger {
  const { secrets, targets, lookup, timeoutMs } = options;
  const agent = createAgent(options);
  const sender = createSender(agent, timeoutMs);
  const revealed = new Map<string, string>();

  async function reveal(id: string): Promise<string> {
    const secret = revealed.get(id) ?? (await secrets.reveal(id));
    if (revealed.size >= REMEMBERED) revealed.clear();
    revealed.set(id, secret);
    return secret;
  }

  const send: Messenger['send'] = async (webhook, event, signal) => {
    const now = Date.now();
    const inForce = webhook.secrets.filter(each => !(each.expires_at && Date.parse(each.expires_at) <= now));
    try {
      const why = targets.whyNotUrl(webhook.url);
      if (why !== undefined) throw new Error(`its URL ${why}`);
      const signing = await Promise.all(inForce.map(({ id }) => reveal(id)));
      return await sender.send({ url: webhook.url, event, secrets: signing }, signal);
    } catch (error) {
      const { message } = error as Error;
      return { delivered: false, status: undefined, error: message, retryAfterMs: undefined, durationMs: 0 };
    }
  };

  return {
    send,
    ping: (webhook, { generation, revision }) => {
      const [id, time] = [randomUUID(), new Date().toISOString()];
      return send(webhook, {
        specversion: '1.0',
        id,
        source: EVENT_SOURCE,
        type: cloudEventType('ping'),
        subject: `webhooks/${webhook.name}`,
        time,
        datacontenttype: 'application/json',
        generation,
        revision: String(revision),
        sequence: '0',
        data: { event_id: id, timestamp: time, ping: { webhook_name: webhook.name } },
      });
    },
    whyNot: url => whyNotTarget(url, targets, lookup),
    close: () => agent.destroy(),
  };
}

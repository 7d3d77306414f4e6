/** Standard Webhooks: secrets, and the headers by which a receiver knows who has sent a message, and when. */
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';

/** A new secret: `whsec_` and 32 random bytes, base64. */
export const createSigningSecret = (): string => PREFIX + randomBytes(32).toString('base64');

const sign = (secret: string, content: string): string =>
  `v1,${createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64'))
    .update(content)
    .digest('base64')}`;

/** Signed by each of `secrets`: a receiver knows either the one or the other while they are exchanged. */
export function signedHeaders(
  { id, body }: { id: string; body: string },
  secrets: readonly string[],
  atMs: number,
): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1_000));
  const content = `${id}.${timestamp}.${body}`;
  return {
    'content-type': 'application/cloudevents+json; charset=utf-8',
    'user-agent': 'QuantiVista-Config',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map(secret => sign(secret, content)).join(' '),
  };
}

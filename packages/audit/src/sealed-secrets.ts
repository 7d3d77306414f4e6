/** Signing secrets of webhooks, sealed by whoever keeps them here. */
import type { Pool } from 'pg';

export interface SealedSecrets {
  keep(webhook: string, id: string, sealed: Buffer): Promise<void>;
  read(id: string): Promise<Buffer | undefined>;
  /** Destroy all of a webhook's. */
  forget(webhook: string): Promise<void>;
}

export function createSealedSecrets(pool: Pool): SealedSecrets {
  return {
    keep: async (webhook, id, sealed) => {
      await pool.query('INSERT INTO webhook_secret (id, webhook, sealed) VALUES ($1, $2, $3)', [
        id,
        webhook,
        sealed,
      ]);
    },
    read: async id => {
      const { rows } = await pool.query<{ sealed: Buffer }>(
        'SELECT sealed FROM webhook_secret WHERE id = $1',
        [id],
      );
      return rows[0]?.sealed;
    },
    forget: async webhook => {
      await pool.query('DELETE FROM webhook_secret WHERE webhook = $1', [webhook]);
    },
  };
}

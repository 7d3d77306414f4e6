/** The first token: made once, written to a file that only its owner reads, known to the network by its hash. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createToken, hashToken, isToken, type TokenRecord } from '@quantivista/access';
import { PERMISSIONS, TOKENS_PREFIX } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import type { Log } from '@quantivista/runtime';

async function readTokenFile(file: string): Promise<string | undefined> {
  try {
    const token = (await readFile(file, 'utf8')).trim();
    if (!isToken(token)) throw new Error(`${file} does not hold a token`);
    return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export interface AdminToken {
  /**
   * Make sure that the network knows an admin token: the one in the file, or a new one where there is neither a
   * file nor any token. The file comes first: a token whose hash is stored and that nobody knows is useless.
   */
  ensure(): Promise<void>;
  /** Where it stands in etcd: the one token that is put without a record. `undefined` where there is none. */
  readonly key: string | undefined;
}

export function createAdminToken(etcd: Etcd, file: string, log: Log): AdminToken {
  let key: string | undefined;

  async function ensure(): Promise<void> {
    let token = await readTokenFile(file);
    if (token === undefined) {
      const known = await etcd.list({ prefix: TOKENS_PREFIX });
      if (known.kind === 'listed' && known.entries.length > 0) return;
      token = createToken();
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
      log.info({ file }, 'an admin token was made');
    }
    key = TOKENS_PREFIX + hashToken(token);
    const record: TokenRecord = {
      name: 'admin',
      permissions: PERMISSIONS,
      created_at: new Date().toISOString(),
    };
    await etcd.txn({
      compare: [{ key, target: 'create', is: 0 }],
      success: [{ op: 'put', key, value: JSON.stringify(record) }],
    });
  }

  return {
    ensure,
    get key() {
      return key;
    },
  };
}

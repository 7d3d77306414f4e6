/** Which Postgres to connect to, and whether by TLS. */
import { type Certificates, linkTls } from '@quantivista/runtime';
import type { PoolConfig } from 'pg';

/** What pg would read of TLS in a URL, in its own way. */
const PG_WORDS = ['ssl', 'sslcert', 'sslkey', 'sslrootcert', 'sslnegotiation', 'uselibpqcompat'];

/**
 * TLS where the URL says `sslmode=verify-full`, which is the one mode that there is besides `disable`. pg is not left to
 * read it: it takes `require` and `verify-ca` for `verify-full` today and as libpq has them tomorrow, has a mode that
 * verifies nothing, and lets what the URL says replace the options that stand beside it.
 * @throws Error where the URL asks for something else
 */
export function target(
  url: string,
  certificates: Certificates | undefined,
): Pick<PoolConfig, 'connectionString' | 'ssl'> {
  const { searchParams } = new URL(url);
  const mode = searchParams.get('sslmode') ?? 'disable';
  if (mode !== 'verify-full' && mode !== 'disable')
    throw new Error(`The URL of Postgres: sslmode must be verify-full or disable, not ${mode}`);
  const word = PG_WORDS.find(each => searchParams.has(each));
  if (word !== undefined)
    throw new Error(`The URL of Postgres: ${word} is not read there, certificates are named by LINK_CA_FILE`);
  const connectionString = url.replace(/([?&])sslmode=[a-z-]+&?/, '$1').replace(/[?&]$/, '');
  return { connectionString, ssl: mode === 'verify-full' && linkTls(certificates) };
}

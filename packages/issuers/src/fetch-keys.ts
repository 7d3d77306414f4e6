/** Gets the text of a key set: from a file, or from a server whose certificate may be a cluster's own. */
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { type RequestOptions as HttpsOptions, request as httpsRequest } from 'node:https';
import type { IssuerSettings } from './settings.ts';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1_000_000;

/** @throws whatever is in the way */
export async function fetchKeys(settings: IssuerSettings): Promise<string> {
  const { jwks_file, jwks_url, ca_file, token_file } = settings;
  if (jwks_file !== undefined) return readFile(jwks_file, 'utf8');
  const ca = ca_file === undefined ? undefined : await readFile(ca_file, 'utf8');
  const token = token_file === undefined ? undefined : (await readFile(token_file, 'utf8')).trim();
  return get(new URL(jwks_url!), {
    headers: { accept: 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    ...(ca !== undefined && { ca }),
    // Whatever the environment says (NODE_TLS_REJECT_UNAUTHORIZED).
    rejectUnauthorized: true,
  });
}

function get(url: URL, options: HttpsOptions): Promise<string> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { ...options, agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) },
      response => {
        const parts: Buffer[] = [];
        let bytes = 0;
        response.on('data', (part: Buffer) => {
          bytes += part.length;
          if (bytes > MAX_BYTES) response.destroy(new Error(`over ${MAX_BYTES} bytes`));
          else parts.push(part);
        });
        response.on('error', reject);
        response.on('end', () => {
          // A redirection is not followed: the keys are of whom the settings name.
          if (response.statusCode === 200) resolve(Buffer.concat(parts).toString('utf8'));
          else reject(new Error(`answered ${response.statusCode}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

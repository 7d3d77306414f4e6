/** Whom a certificate names. What it says is true: whoever is trusted has signed it. */
import type { X509Certificate } from 'node:crypto';
import type { Principal } from '@quantivista/access';
import { type CertificateSettings, nameFrom } from './settings.ts';

/** In the text that Node makes of alternative names, a comma within one of them is escaped. */
const SEPARATOR = ', ';
const URI = /^[a-z][a-z0-9+.-]*:[\w~:/?#[\]@!$&'()*+;=%.-]+$/i;
const GROUPS_KEY = { o: 'O', ou: 'OU' } as const;

const urisOf = ({ subjectAltName = '' }: X509Certificate): string[] =>
  subjectAltName.split(SEPARATOR).flatMap(name => (name.startsWith('URI:') ? name.slice(4) : []));

/** Those that stand in the subject more than once are a list. */
function subjectOf(certificate: X509Certificate, key: string): unknown[] {
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, unknown> | undefined;
  return [subject?.[key] ?? []].flat();
}

function nameIn(certificate: X509Certificate, settings: CertificateSettings): string | undefined {
  const uris = urisOf(certificate);
  if (settings.client_certificates === 'cn') {
    const [name, ...others] = subjectOf(certificate, 'CN');
    return uris.length > 0 || others.length > 0 ? undefined : nameFrom(settings.prefix, name);
  }
  const [uri = '', ...others] = uris;
  const { trust_domain: domain } = settings;
  const isFit = others.length === 0 && URI.test(uri);
  if (!isFit || (domain !== undefined && !uri.startsWith(`spiffe://${domain}/`))) return undefined;
  return nameFrom(settings.prefix, uri);
}

/**
 * The caller, by the first of the settings that finds its name; `undefined` where none does, or of a CA's own.
 * @param chain its certificate, and those above it: it is over when the first of them is
 */
export function principalIn(
  chain: readonly X509Certificate[],
  all: readonly CertificateSettings[],
): Principal | undefined {
  const [certificate] = chain;
  if (!certificate || certificate.ca) return undefined;
  for (const settings of all) {
    const name = nameIn(certificate, settings);
    if (name === undefined) continue;
    const { groups_from: from, prefix } = settings;
    const groups = from === undefined ? [] : subjectOf(certificate, GROUPS_KEY[from]);
    return {
      name,
      kind: 'service',
      groups: groups.flatMap(group => nameFrom(prefix, group) ?? []),
      permissions: [],
      expiresAtMs: Math.min(...chain.map(each => each.validToDate.getTime())),
    };
  }
  return undefined;
}

/** Whose word is taken for who calls, as a file says it: issuers of JWTs, and those of client certificates. */
import { readFileSync } from 'node:fs';
import { TokenName } from '@quantivista/contracts';
import { z } from 'zod';

/** Asymmetric ones alone: with the others whoever can check a token can make one. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

export const IssuerSettings = z
  .strictObject({
    /** As the claim `iss` has it. */
    issuer: z.string().min(1).max(500),
    /** One of them must be in the claim `aud`. */
    audience: z
      .string()
      .min(1)
      .or(z.array(z.string().min(1)).min(1)),
    jwks_url: z.url({ protocol: /^https?$/ }).optional(),
    jwks_file: z.string().optional(),
    /** Certificates that the server of `jwks_url` is trusted by, PEM. @default the system's */
    ca_file: z.string().optional(),
    /** Holds a token that the keys are asked for with; read anew each time. */
    token_file: z.string().optional(),
    algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(['RS256', 'PS256', 'ES256', 'EdDSA']),
    /** What its callers are. Service accounts of Kubernetes are `service`. */
    kind: z.enum(['person', 'service']).default('person'),
    name_claim: z.string().min(1).default('sub'),
    groups_claim: z.string().min(1).default('groups'),
    /** Put before names and groups, so that two issuers' are not taken for each other's. */
    prefix: z.string().max(50).default(''),
    /** How often a URL is asked for its keys, in seconds. */
    refresh_s: z.number().min(0.1).default(300),
    /** An unknown key makes it ask at once, but no more often than this. */
    refetch_s: z.number().min(0.05).default(10),
    /** For so long the keys are good that were had last, while no new ones can be had. */
    max_stale_s: z.number().min(1).default(86_400),
  })
  .refine(({ jwks_url, jwks_file }) => (jwks_url === undefined) !== (jwks_file === undefined), {
    path: ['jwks_url'],
    message: 'one of jwks_url and jwks_file is needed',
  });
export type IssuerSettings = z.infer<typeof IssuerSettings>;

/** How the client certificates of TLS_CLIENT_CA_FILE name callers, who are services. */
export const CertificateSettings = z
  .strictObject({
    /**
     * Where the name stands: in the one URI of the alternative names, as SPIFFE has it; or in the subject's common
     * name, which is looked at only where there is no URI.
     */
    client_certificates: z.enum(['uri', 'cn']),
    /** URIs must be `spiffe://{trust_domain}/…`. @default any URI */
    trust_domain: z
      .string()
      .regex(/^[a-z0-9._-]{1,255}$/)
      .optional(),
    /** Where groups stand in the subject. @default nowhere */
    groups_from: z.enum(['o', 'ou']).optional(),
    /** Put before names and groups, as with JWTs. */
    prefix: z.string().max(50).default(''),
  })
  .refine(each => each.trust_domain === undefined || each.client_certificates === 'uri', {
    path: ['trust_domain'],
    message: 'is of URIs',
  });
export type CertificateSettings = z.infer<typeof CertificateSettings>;

const isOfCertificates = (entry: unknown): boolean =>
  typeof entry === 'object' && entry !== null && 'client_certificates' in entry;

const isUnique = (names: readonly string[]) => new Set(names).size === names.length;

/** Each entry is judged as what it is meant to be: an error names its place in that. */
const IssuersFile = z.array(z.unknown()).transform((entries, context) => {
  const issuers: IssuerSettings[] = [];
  const certificates: CertificateSettings[] = [];
  for (const [index, entry] of entries.entries()) {
    const parsed = isOfCertificates(entry)
      ? CertificateSettings.safeParse(entry)
      : IssuerSettings.safeParse(entry);
    for (const { path, message } of parsed.error?.issues ?? [])
      context.addIssue({ code: 'custom', path: [index, ...path], message });
    if (!parsed.data) continue;
    if ('client_certificates' in parsed.data) certificates.push(parsed.data);
    else issuers.push(parsed.data);
  }
  if (issuers.length > 20) context.addIssue({ code: 'custom', message: 'names more than 20 issuers' });
  if (!isUnique(issuers.map(({ issuer }) => issuer)))
    context.addIssue({ code: 'custom', message: 'names an issuer twice' });
  if (!isUnique(certificates.map(each => each.client_certificates)))
    context.addIssue({ code: 'custom', message: 'says twice where the name stands in certificates' });
  return { issuers, certificates };
});

export interface Vouchers {
  readonly issuers: readonly IssuerSettings[];
  readonly certificates: readonly CertificateSettings[];
}

/** What a principal may be called, from a claim; `undefined` for what is no name. */
export const nameFrom = (prefix: string, claim: unknown): string | undefined =>
  typeof claim === 'string' ? TokenName.safeParse(prefix + claim).data : undefined;

/** None without a file. @throws Error that names what is wrong in it */
export function readIssuers(file: string | undefined): Vouchers {
  if (file === undefined) return { issuers: [], certificates: [] };
  const { data, error } = IssuersFile.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (data) return data;
  const lines = error.issues.map(issue => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The issuers in ${file} are not valid:\n${lines.join('\n')}`);
}

/** Whose JWTs are taken for callers, as a file says it. */
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

const IssuersFile = z
  .array(IssuerSettings)
  .max(20)
  .refine(list => new Set(list.map(({ issuer }) => issuer)).size === list.length, 'names an issuer twice');

/** What a principal may be called, from a claim; `undefined` for what is no name. */
export const nameFrom = (prefix: string, claim: unknown): string | undefined =>
  typeof claim === 'string' ? TokenName.safeParse(prefix + claim).data : undefined;

/** None without a file. @throws Error that names what is wrong in it */
export function readIssuers(file: string | undefined): IssuerSettings[] {
  if (file === undefined) return [];
  const { data, error } = IssuersFile.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (data) return data;
  const lines = error.issues.map(issue => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The issuers in ${file} are not valid:\n${lines.join('\n')}`);
}

/** flagd's JSON as flags: what can be said in them, and for each other flag why not. */
import { FeatureFlag, type FlagValue } from '@quantivista/contracts';
import type { FlagdDocument, JsonLogic } from './document.ts';
import { NotExpressible } from './import-conditions.ts';
import { readTargeting } from './import-targeting.ts';

export interface FlagdProblem {
  /** The flag's name; empty for the document itself. */
  readonly flag: string;
  /** Where in the flag, as flagd calls it. */
  readonly field: string;
  readonly message: string;
}

export interface FlagdImport {
  readonly flags: readonly FeatureFlag[];
  /** Flags that are named here are not among `flags`. */
  readonly problems: readonly FlagdProblem[];
  readonly metadata: FlagdDocument['metadata'];
}

type Members = { readonly [name: string]: unknown };
const isMap = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const FIELDS = ['state', 'variants', 'defaultVariant', 'targeting', 'description', 'metadata'];
const DOCUMENT_FIELDS = ['$schema', '$evaluators', 'flags'];
/** Metadata that names a document, and says nothing of its flags. */
const DOCUMENT_NAMES = ['flagSetId', 'version'];
const MAX_DEPTH = 100;
const MAX_NODES = 10_000;

/**
 * @param document parsed JSON of any kind
 * @returns flags that answer as flagd would; a flag whose state is DISABLED comes back archived
 */
export function fromFlagd(document: unknown): FlagdImport {
  const flags: FeatureFlag[] = [];
  const problems: FlagdProblem[] = [];
  if (!isMap(document) || !isMap(document.flags)) {
    return {
      flags,
      problems: [{ flag: '', field: 'flags', message: 'must be a map of flags' }],
      metadata: undefined,
    };
  }
  problems.push(...documentProblems(document));
  const evaluators = isMap(document.$evaluators) ? document.$evaluators : {};
  for (const [name, flag] of Object.entries(document.flags)) {
    const read = readFlag(name, flag, evaluators);
    if ('problem' in read) problems.push({ flag: name, ...read.problem });
    else flags.push(read.flag);
  }
  const metadata = isMap(document.metadata) ? (document.metadata as FlagdDocument['metadata']) : undefined;
  return { flags, problems, metadata };
}

/** What stands beside the flags and would be lost. Evaluators are not: they are written out. */
function* documentProblems({ metadata = {}, ...rest }: Members): Generator<FlagdProblem> {
  const message = 'is of the document, which is not kept';
  for (const field of Object.keys(rest))
    if (!DOCUMENT_FIELDS.includes(field)) yield { flag: '', field, message };
  for (const name of isMap(metadata) ? Object.keys(metadata) : [])
    if (!DOCUMENT_NAMES.includes(name)) yield { flag: '', field: `metadata.${name}`, message };
}

type Read = { readonly flag: FeatureFlag } | { readonly problem: Omit<FlagdProblem, 'flag'> };
const problem = (field: string, message: string): Read => ({ problem: { field, message } });

function readFlag(name: string, raw: unknown, evaluators: Members): Read {
  if (!isMap(raw)) return problem('', 'must be an object');
  const { state, variants, defaultVariant, targeting = {}, description = '', metadata } = raw;
  const unknown = Object.keys(raw).find(field => !FIELDS.includes(field));
  if (unknown !== undefined) return problem(unknown, 'is not known here');
  if (state !== 'ENABLED' && state !== 'DISABLED') return problem('state', 'must be ENABLED or DISABLED');
  if (!isMap(variants)) return problem('variants', 'must be a map');
  if (typeof defaultVariant !== 'string') {
    return problem('defaultVariant', "must be a variant: the code's own default can't be served from here");
  }
  const base = {
    flag_name: name,
    enabled: state === 'ENABLED',
    rollout_percentage: 100,
    description,
    ...(state === 'DISABLED' ? { archived: true, off_variant: defaultVariant } : {}),
    ...(isBoolean(variants) ? {} : { variants: variants as Record<string, FlagValue> }),
    ...(metadata === undefined ? {} : { metadata }),
  };
  try {
    const logic = resolve(targeting, evaluators);
    const targeted = readTargeting(name, logic, defaultVariant, isBoolean(variants));
    const parsed = FeatureFlag.safeParse({ ...base, ...targeted });
    if (parsed.success) return { flag: parsed.data };
    const issue = parsed.error.issues[0]!;
    return problem(issue.path.join('.'), issue.message);
  } catch (error) {
    if (error instanceof NotExpressible) return problem('targeting', error.message);
    throw error;
  }
}

const isBoolean = (variants: Members): boolean =>
  Object.keys(variants).length === 2 && variants.on === true && variants.off === false;

/** `{"$ref": name}` replaced by what it names. References to themselves end at the limits. */
function resolve(targeting: unknown, evaluators: Members): JsonLogic {
  let nodes = 0;
  const walk = (value: unknown, depth: number): JsonLogic => {
    if (depth > MAX_DEPTH) throw new NotExpressible(`nests deeper than ${MAX_DEPTH}`);
    if (++nodes > MAX_NODES) throw new NotExpressible(`has more than ${MAX_NODES} parts`);
    if (Array.isArray(value)) return value.map(item => walk(item, depth + 1));
    if (!isMap(value)) return value as JsonLogic;
    const { $ref } = value;
    if (typeof $ref !== 'string') {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, depth + 1)]));
    }
    if (!Object.hasOwn(evaluators, $ref)) throw new NotExpressible(`there is no evaluator ${$ref}`);
    return walk(evaluators[$ref], depth + 1);
  };
  return walk(targeting, 0);
}

/** From a JSON Schema to a function that says how a value breaks it. */
import type { Json, JsonSchema, SchemaViolation } from '@quantivista/contracts';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { addVocabulary, linearRegExp } from './vocabulary.ts';

/** The first rule that a value breaks. */
export type Fault = Pick<SchemaViolation, 'path' | 'rule' | 'message'>;

/** `undefined`: the value is as it should be. */
export type Validator = (value: Json) => Fault | undefined;

/** A schema that can't be compiled; `pointer` says where within it, as far as that is known. */
export class SchemaError extends Error {
  readonly pointer: string;

  constructor(message: string, pointer = '') {
    super(message);
    this.pointer = pointer;
  }
}

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';
const SHOWN = 200;

/** Knows the schema of schemas, and never sees another one: it compiles nothing that was sent. */
let draft: Ajv2020 | undefined;

/**
 * Compile the schema of schemas, once. It takes a seventh of a second, which not every authority needs to spend.
 * To be called before a limit of time begins that {@link compileSchema} is called within: it is not what was sent.
 */
export function learnDraft(): Ajv2020 {
  if (draft) return draft;
  const learning = new Ajv2020({ logger: false });
  learning.validate(DRAFT, {});
  // Only now: stopped on its way it would stay half done, and no schema could be put.
  draft = learning;
  return draft;
}

/**
 * Compile a schema that is admissible. Each one for itself: nothing of it stays elsewhere, and a compilation
 * that was stopped on its way leaves nothing half done. Within a time limit: a schema may be hostile.
 * @throws SchemaError
 */
export function compileSchema(schema: JsonSchema): Validator {
  const known = learnDraft();
  if (!known.validate(DRAFT, schema)) {
    const [error] = known.errors!;
    throw new SchemaError(describe(error!), error!.instancePath);
  }
  const ajv = new Ajv2020({
    meta: false,
    validateSchema: false,
    inlineRefs: false,
    // An unknown keyword or format is likely a slip of the pen, and would hold of everything.
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowMatchingProperties: true,
    logger: false,
    code: { regExp: linearRegExp },
  });
  addVocabulary(ajv);
  const validate = compiled(ajv, schema);
  return value => {
    try {
      return validate(value) ? undefined : fault(validate.errors![0]!);
    } catch (error) {
      // Endless recursion; and of a few odd schemas the library makes functions that can't run.
      const endless = error instanceof RangeError;
      const message = endless ? 'the schema refers to itself without end' : "the schema can't be applied";
      return { path: '', rule: endless ? '$ref' : '$schema', message };
    }
  };
}

function compiled(ajv: Ajv2020, schema: JsonSchema) {
  try {
    if (typeof schema === 'boolean') return ajv.compile(schema);
    const { $id: _, ...rest } = schema;
    return ajv.compile(rest);
  } catch (error) {
    throw new SchemaError((error as Error).message.replace(/^strict mode: /, ''));
  }
}

const fault = (error: ErrorObject): Fault => ({
  path: error.instancePath,
  rule: error.keyword,
  message: describe(error),
});

/** The library's message, with what it leaves out. */
function describe({ keyword, message = 'is not valid', params }: ErrorObject): string {
  const named = params as Record<string, unknown>;
  const more =
    named.additionalProperty ?? named.unevaluatedProperty ?? named.allowedValues ?? named.allowedValue;
  if (keyword === 'false schema') return 'is not admitted';
  return more === undefined ? message : `${message}: ${JSON.stringify(more).slice(0, SHOWN)}`;
}

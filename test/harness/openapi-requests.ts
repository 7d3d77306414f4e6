/** Requests made from an OpenAPI document: as it describes them, and broken in one place. */
import fc from 'fast-check';

/** As much of JSON Schema as the documents here use. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface GeneratedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Schemas within schemas; what would go deeper is left empty. */
const DEEPEST = 5;

/** Few of each, so that one request meets what another has left. */
const NAMES = ['risk', 'limit', 'a', 'b', 'PORT'];

/** What no schema here allows, or a parser may choke on. */
const HOSTILE: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    -1,
    1.5,
    1e308,
    2 ** 53,
    '',
    ' ',
    '../..',
    '%2e%2e%2f',
    '__proto__',
    'constructor',
    'a/b',
    'a\u0000b',
    '\ud800',
    'a\r\nb',
    "';--",
    'NaN',
    '9'.repeat(400),
    'x'.repeat(3_000),
    [],
    {},
    [[[]]],
    { ['__proto__']: 1 },
    true,
  ),
  fc.string(),
  fc.jsonValue({ maxDepth: 3 }),
);

export function requestsOf(document: OpenApi): fc.Arbitrary<GeneratedRequest> {
  const { components, paths } = document;

  /** Made once for each depth: schemas that contain each other would be made over and over again. */
  const made = new Map<string, fc.Arbitrary<unknown>>();
  function named(name: string, depth: number): fc.Arbitrary<unknown> {
    const known = made.get(`${name} ${depth}`);
    if (known) return known;
    const value = depth > DEEPEST ? fc.constant({}) : valueFor(components.schemas[name]!, depth + 1);
    made.set(`${name} ${depth}`, value);
    return value;
  }

  function valueFor(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
    if (schema.$ref !== undefined) return named(schema.$ref.split('/').at(-1)!, depth);
    if (schema.const !== undefined) return fc.constant(schema.const);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices) return fc.oneof(...choices.map(each => valueFor(each, depth)));
    if (schema.allOf) {
      const parts = schema.allOf.map(each => valueFor(each, depth));
      return fc.tuple(...parts).map(each => Object.assign({}, ...each) as unknown);
    }
    const types = [schema.type ?? 'object'].flat();
    return fc.oneof(...types.map(type => typedValue(type, schema, depth)));
  }

  function typedValue(type: string, schema: Schema, depth: number): fc.Arbitrary<unknown> {
    switch (type) {
      case 'null':
        return fc.constant(null);
      case 'boolean':
        return fc.boolean();
      case 'integer':
      case 'number': {
        const min = Math.ceil(schema.minimum ?? (schema.exclusiveMinimum ?? 0) + 1);
        return fc.integer({ min, max: Math.max(min, Math.min(schema.maximum ?? min + 20, min + 20)) });
      }
      case 'string':
        return textOf(schema);
      case 'array':
        return fc.array(
          depth > 4 ? fc.constant(1) : valueFor(schema.items ?? { type: 'string' }, depth + 1),
          {
            minLength: schema.minItems ?? 0,
            maxLength: Math.min(schema.maxItems ?? 3, (schema.minItems ?? 0) + 3),
          },
        );
      default:
        return objectOf(schema, depth);
    }
  }

  function textOf({
    pattern,
    format,
    minLength = 0,
    maxLength = Number.POSITIVE_INFINITY,
  }: Schema): fc.Arbitrary<string> {
    if (format === 'date-time') return fc.date({ noInvalidDate: true }).map(date => date.toISOString());
    if (format === 'uuid') return fc.uuid();
    if (format === 'uri') return fc.webUrl();
    const fits = (text: string) =>
      text.length >= minLength &&
      text.length <= maxLength &&
      (pattern === undefined || new RegExp(pattern).test(text));
    const names = NAMES.filter(fits);
    const any =
      pattern === undefined
        ? fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 10) })
        : fc.stringMatching(new RegExp(pattern)).filter(fits);
    return names.length > 0 ? fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...names) }, any) : any;
  }

  function objectOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    const { properties, required = [], additionalProperties } = schema;
    if (properties) {
      const fields = Object.entries(properties).filter(([name]) => depth < 4 || required.includes(name));
      return fc.record(Object.fromEntries(fields.map(([name, each]) => [name, valueFor(each, depth + 1)])), {
        requiredKeys: [...required],
      });
    }
    const value =
      typeof additionalProperties === 'object' && depth < 4
        ? valueFor(additionalProperties, depth + 1)
        : fc.jsonValue({ maxDepth: 2 });
    return fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 3 });
  }

  /** One place of a value, made something else. */
  const broken = (value: unknown): fc.Arbitrary<unknown> => {
    if (typeof value !== 'object' || value === null) return HOSTILE;
    const keys = Object.keys(value);
    const withKey = (key: string, each: unknown) =>
      Array.isArray(value) ? value.with(Number(key), each) : { ...value, [key]: each };
    const within = keys.map(key =>
      broken((value as Record<string, unknown>)[key]).map(each => withKey(key, each)),
    );
    const without = keys.map(key => {
      const { [key]: _, ...rest } = value as Record<string, unknown>;
      return fc.constant<unknown>(rest);
    });
    const more = HOSTILE.map(each => ({ ...value, surplus: each }));
    return fc.oneof(HOSTILE, more, ...within, ...without);
  };

  function requestOf(method: string, path: string, operation: Operation): fc.Arbitrary<GeneratedRequest> {
    const parameters = operation.parameters ?? [];
    const content = Object.entries(operation.requestBody?.content ?? {});
    const parts = fc.record({
      values: fc.tuple(...parameters.map(({ schema }) => valueFor(schema))),
      present: fc.tuple(...parameters.map(({ required }) => (required ? fc.constant(true) : fc.boolean()))),
      body:
        content.length > 0
          ? fc.oneof(...content.map(([type, { schema }]) => bodyOf(type, schema)))
          : fc.constant(undefined),
    });
    const whole = (values: readonly unknown[], present: readonly boolean[], body: Body | undefined) => {
      let target = path;
      const query = new URLSearchParams();
      const headers: Record<string, string> = {};
      for (const [at, { name, in: where }] of parameters.entries()) {
        if (!present[at]) continue;
        const text = typeof values[at] === 'string' ? values[at] : (JSON.stringify(values[at]) ?? '');
        if (where === 'path')
          target = target.replace(`{${name}}`, encodeURIComponent(text.toWellFormed()) || '%20');
        if (where === 'query') query.set(name, text.toWellFormed());
        // What no HTTP client sends is not the server's to refuse.
        if (where === 'header') headers[name] = text.replace(/[^\x20-\x7e]/g, '?').trim();
      }
      if (body) headers['content-type'] = body.type;
      return { method, target: `${target}?${query}`, headers, body: body?.text };
    };
    const valid = parts.map(({ values, present, body }) => whole(values, present, body));
    const spoiled = parts.chain(({ values, present, body }) => {
      const spoiledValues = values.map((_, at) =>
        HOSTILE.map(each => whole(values.with(at, each), present.with(at, true), body)),
      );
      const missing = values.map((_, at) =>
        fc.constant(whole(values, present.with(at, parameters[at]!.in === 'path'), body)),
      );
      const spoiledBody =
        body === undefined
          ? []
          : [
              broken(body.value).map(each => whole(values, present, bodyText(body.type, each))),
              fc
                .constantFrom('', '{', '[1,', '"\\u', '\u0000', '{"a":1}{', '['.repeat(5_000))
                .map(text => whole(values, present, { ...body, text })),
            ];
      const spoilers = [...spoiledValues, ...missing, ...spoiledBody];
      return spoilers.length > 0 ? fc.oneof(...spoilers) : fc.constant(whole(values, present, body));
    });
    return fc.oneof({ weight: 2, arbitrary: valid }, { weight: 3, arbitrary: spoiled });
  }

  interface Body {
    readonly type: string;
    readonly value: unknown;
    readonly text: string;
  }
  const bodyText = (type: string, value: unknown): Body => ({
    type,
    value,
    text: type.endsWith('json') || typeof value !== 'string' ? (JSON.stringify(value) ?? '') : value,
  });
  const bodyOf = (type: string, schema: Schema) => valueFor(schema).map(value => bodyText(type, value));

  const methods = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => requestOf(method.toUpperCase(), path, operation)),
  );
  return fc.oneof(...methods);
}

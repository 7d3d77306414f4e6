/** The variables that each service of a compose file reads. */
import {
  DocumentError,
  InterpolationError,
  interpolate,
  isMap,
  type Lookup,
  parseYaml,
  readEnv,
  type Wanted,
} from '@quantivista/documents';

export interface ComposeSource {
  readonly text: string;
  /** The file's name, for messages. */
  readonly name: string;
  /** What compose takes from `.env`. This process's own environment is never used. */
  readonly variables: ReadonlyMap<string, string>;
  /** Text of a file, by a path relative to the compose file; `undefined` where there is none. */
  readonly readFile: (path: string) => string | undefined;
  readonly warn: (message: string) => void;
}

interface EnvFileEntry {
  readonly path: string;
  readonly required: boolean;
}

/**
 * Every service with its variables; none for one that reads none. Those of `environment` come before those of
 * `env_file`; a name alone takes its value from `variables`, and is left out where it has none there.
 * @throws DocumentError where the file is not readable as compose
 */
export function readCompose({ text, name, variables, readFile, warn }: ComposeSource): Wanted {
  const services = requireServices(parseYaml(text, name, { exact: true }), name);
  const unset = new Set<string>();
  const lookup: Lookup = variable => variables.get(variable);
  const onUnset = (variable: string) => {
    if (unset.has(variable)) return;
    unset.add(variable);
    warn(`${name}: ${variable} is not set: it becomes an empty string`);
  };

  const wanted: Wanted = new Map();
  for (const [service, definition] of Object.entries(services)) {
    const where = `${name}, service ${service}`;
    if (!isMap(definition)) throw new DocumentError(`${where}: a map was expected`);
    if ('extends' in definition) warn(`${where}: what it extends is not read`);
    const expand = (template: string): string => {
      try {
        return interpolate(template, lookup, onUnset);
      } catch (error) {
        if (error instanceof InterpolationError) throw new DocumentError(`${where}: ${error.message}`);
        throw error;
      }
    };
    const own = readEnvironment(definition.environment, expand, where);
    for (const [key, value] of own) if (value === undefined) own.set(key, lookup(key));

    const values = new Map<string, string | undefined>();
    for (const { path, required } of readEnvFiles(definition.env_file, expand, where)) {
      const file = readFile(path);
      if (file === undefined && required) throw new DocumentError(`${where}: there is no env_file ${path}`);
      const outside: Lookup = variable => lookup(variable) ?? own.get(variable);
      const read = readEnv({ text: file ?? '', name: path, outside, onUnset });
      for (const [key, value] of read) values.set(key, value);
    }
    // A name alone without a value hides the one of an env_file: the container does not get the variable.
    for (const [key, value] of own) values.set(key, value);
    const present = [...values].filter((entry): entry is [string, string] => entry[1] !== undefined);
    wanted.set(service, new Map(present));
  }
  return wanted;
}

/** Whether a parsed document looks like compose: services with an environment. */
export const looksLikeCompose = (document: unknown): boolean =>
  isMap(document) &&
  isMap(document.services) &&
  Object.values(document.services).some(service => isMap(service) && 'environment' in service);

/** The `environment` of a service, as a list or as a map; a name alone has no value yet. */
function readEnvironment(
  environment: unknown,
  expand: (text: string) => string,
  where: string,
): Map<string, string | undefined> {
  const values = new Map<string, string | undefined>();
  if (environment === undefined || environment === null) return values;
  if (Array.isArray(environment)) {
    for (const item of environment) {
      const entry = expand(scalar(item, where) ?? '');
      const equals = entry.indexOf('=');
      if (equals < 0) values.set(entry, undefined);
      else values.set(entry.slice(0, equals), entry.slice(equals + 1));
    }
    return values;
  }
  if (!isMap(environment)) throw new DocumentError(`${where}: environment must be a list or a map`);
  for (const [key, value] of Object.entries(environment)) {
    const text = scalar(value, `${where}, ${key}`);
    values.set(key, text === undefined ? undefined : expand(text));
  }
  return values;
}

function readEnvFiles(entries: unknown, expand: (text: string) => string, where: string): EnvFileEntry[] {
  if (entries === undefined || entries === null) return [];
  return (Array.isArray(entries) ? entries : [entries]).map(entry => {
    if (typeof entry === 'string') return { path: expand(entry), required: true };
    if (!isMap(entry) || typeof entry.path !== 'string')
      throw new DocumentError(`${where}: env_file has no path`);
    if (entry.format !== undefined)
      throw new DocumentError(`${where}: an env_file's format is not supported`);
    return { path: expand(entry.path), required: entry.required !== false };
  });
}

/** Text of a YAML scalar; `undefined` for null. */
function scalar(value: unknown, where: string): string | undefined {
  if (value === null) return undefined;
  if (typeof value === 'object') throw new DocumentError(`${where}: a variable must be a plain value`);
  return String(value);
}

function requireServices(document: unknown, name: string): Record<string, unknown> {
  if (isMap(document) && isMap(document.services)) return document.services;
  throw new DocumentError(`${name} has no services`);
}

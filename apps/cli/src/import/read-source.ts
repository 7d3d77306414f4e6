/** The file of an import, read by its format. */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  DocumentError,
  parseJson,
  parseYaml,
  parseYamlValues,
  readEnv,
  readMaps,
  type Wanted,
} from '@quantivista/documents';
import { UsageError } from '../fault.ts';
import { looksLikeCompose, readCompose } from './read-compose.ts';
import { requireNames } from './wanted.ts';

export const FORMATS = ['env', 'json', 'yaml', 'compose'] as const;
export type Format = (typeof FORMATS)[number];

export interface SourceOptions {
  readonly format?: Format;
  readonly service?: string;
  /** The file is a map of services. */
  readonly services?: boolean;
  /** For compose. @default `.env` beside the file, where there is one */
  readonly envFile?: string;
}

export interface Source {
  readonly format: Format;
  readonly wanted: Wanted;
}

/** @throws UsageError where the file or the options are wrong, or a name can't be used */
export function readSource(path: string, options: SourceOptions, warn: (message: string) => void): Source {
  const text = requireFile(path);
  const name = basename(path);
  try {
    const format = options.format ?? guessFormat(name, text);
    const wanted = readers[format]({ path, text, name, options, warn });
    requireNames(wanted);
    return { format, wanted };
  } catch (error) {
    if (error instanceof DocumentError) throw new UsageError(error.message);
    throw error;
  }
}

interface Input {
  readonly path: string;
  readonly text: string;
  readonly name: string;
  readonly options: SourceOptions;
  readonly warn: (message: string) => void;
}

const readers: Record<Format, (input: Input) => Wanted> = {
  env: ({ text, name, options, warn }) => {
    if (options.service === undefined) throw new UsageError('An env file needs --service <name>');
    return new Map([[options.service, readEnv({ text, name, onUnset: warnUnset(name, warn) })]]);
  },
  json: ({ text, name, options }) => readMaps(parseJson(text, name), name, serviceOf(options)),
  yaml: ({ text, name, options }) => readMaps(parseYamlValues(text, name), name, serviceOf(options)),
  compose: ({ path, text, name, options, warn }) => {
    if (options.service !== undefined || options.services) {
      throw new UsageError('A compose file names its services itself: --service and --services do not apply');
    }
    const envPath = options.envFile ?? join(dirname(path), '.env');
    const envText = options.envFile === undefined ? readFile(envPath) : requireFile(envPath);
    const envName = basename(envPath);
    const variables = readEnv({ text: envText ?? '', name: envName, onUnset: warnUnset(envName, warn) });
    const beside = (file: string) => readFile(resolve(dirname(path), file));
    return readCompose({ text, name, variables, readFile: beside, warn });
  },
};

/** The service of `--service`, or undefined for `--services`; one of them must be given. */
function serviceOf({ service, services }: SourceOptions): string | undefined {
  if ((service === undefined) === !services)
    throw new UsageError('Give either --service <name> or --services');
  return service;
}

function guessFormat(name: string, text: string): Format {
  if (/(^|\.)env(\.|$)/i.test(name) && !/\.(json|ya?ml)$/i.test(name)) return 'env';
  if (/\.json$/i.test(name)) return 'json';
  if (/\.ya?ml$/i.test(name)) return looksLikeCompose(parseYaml(text, name)) ? 'compose' : 'yaml';
  throw new UsageError(`The format of ${name} is not known: give --format ${FORMATS.join('|')}`);
}

const warnUnset = (file: string, warn: (message: string) => void) => (variable: string) =>
  warn(`${file}: ${variable} is not set: it becomes an empty string`);

/** `undefined` where there is no such file. */
function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new UsageError(`${path} can't be read: ${code}`);
  }
}

function requireFile(path: string): string {
  const text = readFile(path);
  if (text === undefined) throw new UsageError(`There is no file ${path}`);
  return text;
}

/** Which network a command talks to: from options, the environment, or the local network's endpoints. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Endpoints, Environment } from '@quantivista/contracts';
import { UsageError } from './fault.ts';
import { readTls, type Tls } from './tls.ts';

export interface Settings {
  readonly authority: string | undefined;
  /** Read nodes; empty where none is known. */
  readonly nodes: readonly string[];
  readonly token: string | undefined;
  /** For servers that are reached by https. @default as Node has it */
  readonly tls: Tls | undefined;
  readonly environment: Environment;
  readonly json: boolean;
  /** Change what is protected without approvals. */
  readonly breakGlass: boolean;
  /** When changes are to be made, in UTC; at once where absent. */
  readonly applyAt: string | undefined;
  /** How long changes are on trial, in seconds. */
  readonly trialS: number | undefined;
}

/** The global options, as commander reads them; the environment's variables are among them already. */
export interface GlobalOptions {
  readonly authority?: string;
  readonly node?: string;
  readonly token?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly environment: string;
  readonly json?: boolean;
  readonly breakGlass?: boolean;
  readonly at?: string;
  readonly trial?: number;
}

/**
 * Settings from the options, with `.stack/endpoints.json` below `folder` for what they leave open. A token or
 * a node of the local network is never used with another authority.
 * @throws UsageError where an option is wrong
 */
export function resolveSettings(options: GlobalOptions, folder: string): Settings {
  const environment = Environment.safeParse(options.environment);
  if (!environment.success) throw new UsageError(`There is no environment '${options.environment}'`);
  const authority = options.authority === undefined ? undefined : baseUrl(options.authority);
  const found = readEndpoints(folder);
  const local =
    authority === undefined || (found && baseUrl(found.authority) === authority) ? found : undefined;
  const nodes = options.node?.split(',') ?? local?.regions.flatMap(region => region.nodes) ?? [];
  return {
    authority: authority ?? (local && baseUrl(local.authority)),
    nodes: nodes.map(node => baseUrl(node.trim())),
    token: options.token ?? local?.token,
    tls: readTls({ ...options, caFile: options.caFile ?? local?.ca_file }),
    environment: environment.data as Environment,
    json: options.json ?? false,
    breakGlass: options.breakGlass ?? false,
    applyAt: options.at,
    trialS: options.trial,
  };
}

function baseUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new UsageError(`'${text}' is not an http or https URL`);
  }
  return url.href.replace(/\/+$/, '');
}

function readEndpoints(folder: string): Endpoints | undefined {
  const path = join(folder, '.stack', 'endpoints.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const endpoints = JSON.parse(text) as Endpoints;
    if (typeof endpoints.authority === 'string' && Array.isArray(endpoints.regions)) return endpoints;
  } catch {}
  throw new UsageError(`${path} is not readable: start the local network again, or give --authority`);
}

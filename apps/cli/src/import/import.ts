/** `qvc import`: read a file, show what it would change, change it. */
import type { ConfigType, ConfigurationMap } from '@quantivista/contracts';
import type { Api } from '../api.ts';
import { type Context, present } from '../commands/context.ts';
import { showPropagation, withPropagation } from '../commands/waited.ts';
import { Failure } from '../fault.ts';
import { apply } from './apply.ts';
import { plan } from './plan.ts';
import { createProgress } from './progress.ts';
import { readSource, type SourceOptions } from './read-source.ts';
import { showPlan } from './show-plan.ts';
import type { Wanted } from './wanted.ts';

export interface ImportOptions extends SourceOptions {
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  /** @default ENVIRONMENT_VARIABLE for env and compose; the server's choice for json and yaml */
  readonly type?: ConfigType;
  readonly reason?: string;
  /** Seconds to wait for the regions. */
  readonly wait?: number;
}

/** Services read at once. */
const READS_AT_ONCE = 16;

export async function importFile(context: Context, path: string, options: ImportOptions): Promise<void> {
  const { api, settings, terminal } = context;
  const { environment, json } = settings;
  const { colors } = terminal;
  const { format, wanted } = readSource(path, options, warning =>
    terminal.err(colors.yellow(`warning: ${warning}`)),
  );
  const planned = plan(await readPresent(api, wanted), wanted, options.prune ?? false);
  const result = { environment, services: planned.services, changes: planned.changes };

  if (!json) for (const line of showPlan(planned, colors)) terminal.out(line);
  if (options.dryRun) {
    if (json) terminal.out(JSON.stringify(result, null, 2));
    return;
  }
  const variables = format === 'env' || format === 'compose';
  const progress = createProgress(terminal.progress, 'transactions');
  const last = await apply(api, planned.changes, {
    environment,
    type: options.type ?? (variables ? 'ENVIRONMENT_VARIABLE' : undefined),
    reason: options.reason,
    wait: options.wait,
    onProgress: progress.show,
  }).finally(progress.end);
  const done = withPropagation({ ...result, revision: last?.body.revision ?? null }, last?.propagation);
  present(context, done, () => [
    last ? `revision ${last.body.revision}` : 'nothing to change',
    ...showPropagation(last?.propagation, colors),
  ]);
}

/** The present map of every wanted service, from the authority. */
async function readPresent(api: Api, wanted: Wanted): Promise<Map<string, ConfigurationMap>> {
  const present = new Map<string, ConfigurationMap>();
  const services = [...wanted.keys()];
  for (let start = 0; start < services.length; start += READS_AT_ONCE) {
    const some = services.slice(start, start + READS_AT_ONCE);
    const maps = await Promise.all(some.map(service => readOne(api, service)));
    for (const [index, service] of some.entries()) present.set(service, maps[index]!);
  }
  return present;
}

/** A service that does not exist yet has no values. */
async function readOne(api: Api, service: string): Promise<ConfigurationMap> {
  try {
    return (await api.presentMap(service)).body;
  } catch (error) {
    if (error instanceof Failure && error.status === 404) return {};
    throw error;
  }
}

/** `qvc import`: read a file, show what it changes, change it. The authority compares and writes. */
import type { ConfigType } from '@quantivista/contracts';
import { type Context, present } from '../commands/context.ts';
import { showPropagation, withPropagation } from '../commands/waited.ts';
import { showBulk } from '../show-diff.ts';
import { readSource, type SourceOptions } from './read-source.ts';

export interface ImportOptions extends SourceOptions {
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  /** All changes in one transaction, or none. */
  readonly atomic?: boolean;
  /** @default ENVIRONMENT_VARIABLE for env and compose; the server's choice for json and yaml */
  readonly type?: ConfigType;
  readonly reason?: string;
  /** Seconds to wait for the regions. */
  readonly wait?: number;
}

export async function importFile(context: Context, path: string, options: ImportOptions): Promise<void> {
  const { api, settings, terminal } = context;
  const { colors } = terminal;
  const { format, wanted } = readSource(path, options, warning =>
    terminal.err(colors.yellow(`warning: ${warning}`)),
  );
  const services = Object.fromEntries(
    [...wanted].map(([service, values]) => [service, Object.fromEntries(values)]),
  );
  const variables = format === 'env' || format === 'compose';
  const { body, propagation } = await api.importMaps(
    services,
    {
      mode: options.prune ? 'replace' : 'merge',
      dry_run: String(options.dryRun ?? false),
      atomic: String(options.atomic ?? false),
      config_type: options.type ?? (variables ? 'ENVIRONMENT_VARIABLE' : undefined),
      reason: options.reason,
    },
    options.wait,
  );
  const result = { environment: settings.environment, services, ...body };
  present(context, withPropagation(result, propagation), () => [
    ...showBulk(body, colors),
    ...showPropagation(propagation, colors),
  ]);
}

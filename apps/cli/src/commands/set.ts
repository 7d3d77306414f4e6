/** `qvc set`: one value, under a condition where one is given. */
import type { ConfigType, Json } from '@quantivista/contracts';
import { Failure, UsageError } from '../fault.ts';
import { showValue } from '../show.ts';
import { type Context, present } from './context.ts';
import { parseValue, requireKey, requireService } from './names.ts';
import { showPropagation, withPropagation } from './waited.ts';

export interface SetOptions {
  readonly string?: boolean;
  readonly type?: ConfigType;
  readonly changeType?: boolean;
  readonly reason?: string;
  readonly description?: string;
  /** Condition: the key's present version; 0 where it must not exist. */
  readonly ifVersion?: number;
  /** Condition: the present value, as JSON. */
  readonly oldValue?: string;
  /** Seconds to wait for the regions. */
  readonly wait?: number;
}

export async function set(
  context: Context,
  service: string,
  key: string,
  text: string,
  options: SetOptions,
): Promise<void> {
  requireService(service);
  requireKey(key);
  const asText = options.string || options.type === 'ENVIRONMENT_VARIABLE';
  const update = {
    new_value: asText ? text : parseValue(text),
    ...(options.type && { config_type: options.type }),
    ...(options.changeType && { change_type: true }),
    ...(options.reason !== undefined && { reason: options.reason }),
    ...(options.description !== undefined && { description: options.description }),
    ...(options.oldValue !== undefined && { old_value: parseOldValue(options.oldValue) }),
  };
  const condition =
    options.ifVersion === undefined ? {} : await versionCondition(context, service, key, options.ifVersion);
  const { body, revision, propagation } = await context.api.put(
    service,
    key,
    update,
    condition,
    options.wait,
  );
  const { colors } = context.terminal;
  present(context, withPropagation(body, propagation), () => {
    const at = revision === undefined ? '' : `, revision ${revision}`;
    const line = `${service}/${key} = ${showValue(body.config_value)}`;
    return [
      `${line} ${colors.dim(`(version ${body.version}${at})`)}`,
      ...showPropagation(propagation, colors),
    ];
  });
}

function parseOldValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new UsageError(`--old-value ${text} is not JSON: a string is given as '"text"'`);
  }
}

/**
 * The header that makes the change depend on `version`. The tag comes with the state that was checked, so a
 * change in between is refused by the server.
 */
async function versionCondition(
  { api }: Context,
  service: string,
  key: string,
  version: number,
): Promise<Record<string, string>> {
  if (version === 0) return { 'if-none-match': '*' };
  const { body, etag } = await api.presentKey(service, key);
  if (body.version !== version) {
    throw new Failure(
      `${service}/${key} is at version ${body.version}, not ${version}: ${showValue(body.config_value)}`,
    );
  }
  if (etag === undefined) throw new Failure('The server gives no entity tag: --if-version is not possible');
  return { 'if-match': etag };
}

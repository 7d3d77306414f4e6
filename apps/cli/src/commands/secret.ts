/** `qvc secret`: values that are shown to those alone who may see them. They are never given as arguments. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Configuration, isWithheld, type Json, type WithheldReason } from '@quantivista/contracts';
import { Failure, UsageError } from '../fault.ts';
import { type Context, present } from './context.ts';
import { parseValue, requireKey, requireService } from './names.ts';
import { showPropagation, withPropagation } from './waited.ts';

/** Where the value comes from: a file, `-` and without any of these the standard input; or it is made. */
export interface ValueSource {
  readonly file?: string;
  /** Random bytes. */
  readonly generate?: number;
  /** The value is JSON, not a text. */
  readonly asJson?: boolean;
}

export interface SecretSetOptions extends ValueSource {
  readonly changeType?: boolean;
  readonly reason?: string;
  readonly description?: string;
  readonly wait?: number;
}

const STANDARD_INPUT = 0;

/** @throws UsageError, which does not quote the value */
function readValue({ file, generate, asJson }: ValueSource): Json {
  if (generate !== undefined) {
    if (file !== undefined) throw new UsageError('--file and --generate: a value comes from one of them');
    return randomBytes(generate).toString('base64url');
  }
  let text: string;
  try {
    text = readFileSync(file === undefined || file === '-' ? STANDARD_INPUT : file, 'utf8');
  } catch (error) {
    throw new UsageError(`The value can't be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  // The line's end is the editor's, not the value's.
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new UsageError('The value is empty: it comes from the standard input, or --file');
  if (!asJson) return value;
  try {
    JSON.parse(value);
  } catch {
    throw new UsageError('The value is not JSON');
  }
  return parseValue(value);
}

async function put(
  context: Context,
  [service, key]: readonly [string, string],
  { changeType, reason, description, wait, ...source }: SecretSetOptions,
  condition: Readonly<Record<string, string>>,
): Promise<void> {
  const update = {
    new_value: readValue(source),
    config_type: 'SECRET' as const,
    ...(changeType && { change_type: true }),
    ...(reason !== undefined && { reason }),
    ...(description !== undefined && { description }),
  };
  const { body, revision, propagation } = await context.api.put(service, key, update, condition, wait);
  const { colors } = context.terminal;
  present(context, withPropagation(body, propagation), () => {
    const at = revision === undefined ? '' : `, revision ${revision}`;
    const line = `${service}/${key} ${colors.dim(`(version ${body.version}${at})`)}`;
    return [line, ...showPropagation(propagation, colors)];
  });
}

export async function setSecret(
  context: Context,
  service: string,
  key: string,
  options: SecretSetOptions,
): Promise<void> {
  requireService(service);
  requireKey(key);
  await put(context, [service, key], options, {});
}

/** Another value for a secret that is there, unless it is changed meanwhile. */
export async function rotateSecret(
  context: Context,
  service: string,
  key: string,
  options: Omit<SecretSetOptions, 'changeType' | 'description'>,
): Promise<void> {
  requireService(service);
  requireKey(key);
  const { body, etag } = await context.api.presentKey(service, key, { withheld: true });
  if (body.config_type !== 'SECRET')
    throw new Failure(`${service}/${key} is of type ${body.config_type}, and no SECRET: qvc secret set`);
  await put(context, [service, key], options, etag === undefined ? {} : { 'if-match': etag });
}

const WHY: Record<WithheldReason, string> = {
  confidential:
    'it is withheld: the token needs the permission read-secret, and the server a store of secrets',
  secrets_unavailable: 'the store of secrets does not answer',
  secret_destroyed: 'it was destroyed',
};

/** The value alone, as it is: for a pipe. */
export async function getSecret(
  context: Context,
  service: string,
  key: string,
  { version }: { version?: number },
): Promise<void> {
  requireService(service);
  requireKey(key);
  const { api } = context;
  const reply = version === undefined ? api.readKey(service, key) : api.pastKey(service, key, { version });
  const { body } = await reply;
  const { config_value: value }: Configuration = body;
  if (isWithheld(value)) throw new Failure(`${service}/${key}: ${WHY[value.$withheld]}`);
  present(context, body, () => [typeof value === 'string' ? value : JSON.stringify(value)]);
}

export async function rewrapSecrets(
  context: Context,
  service: string | undefined,
  { reason }: { reason?: string },
): Promise<void> {
  if (service !== undefined) requireService(service);
  const { body } = await context.api.rewrapSecrets(service, reason);
  present(context, body, () => [`${body.rewrapped} encrypted anew, ${body.kept} left as they are`]);
}

export async function destroySecret(
  context: Context,
  service: string,
  key: string,
  versions: readonly number[],
  { reason, yes }: { reason?: string; yes?: boolean },
): Promise<void> {
  requireService(service);
  requireKey(key);
  if (!yes) throw new UsageError(`Version ${versions.join(', ')} can't be brought back: give --yes`);
  const { body } = await context.api.destroySecret(service, key, versions, reason);
  present(context, body, () => [`${service}/${key}: destroyed are versions ${body.destroyed.join(', ')}`]);
}

/** `qvc flag test`: what a flag answers for a context, and why. From a node, or from a file. */
import type { Evaluated } from '@quantivista/contracts';
import { explain } from '@quantivista/flags';
import { Failure, UsageError } from '../../fault.ts';
import { printable, showValue } from '../../show.ts';
import { table } from '../../table.ts';
import type { Colors } from '../../terminal.ts';
import { type Context, present } from '../context.ts';
import { parseMap } from './change.ts';
import { readFlagFile, readText } from './flag-file.ts';

export interface TestFlagOptions {
  /** `name=value`, each. */
  readonly context?: readonly string[];
  /** A file with a JSON object; `-`: the standard input. */
  readonly contextJson?: string;
  /** Flags that are evaluated here. */
  readonly file?: string;
}

export async function testFlag(context: Context, name: string, options: TestFlagOptions): Promise<void> {
  const attributes = contextOf(options);
  const answer =
    options.file === undefined
      ? (await context.api.flags.evaluate(name, attributes)).body
      : evaluateFile(options.file, name, attributes);
  present(context, answer, () => showAnswer(answer, context.terminal.colors));
}

function contextOf({ context = [], contextJson }: TestFlagOptions): Record<string, unknown> {
  const attributes =
    contextJson === undefined ? {} : parseMap(readText(contextJson), `the context of ${contextJson}`);
  for (const pair of context) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new UsageError(`--context ${pair} is not name=value`);
    setAt(attributes, pair.slice(0, equals).split('.'), attribute(pair.slice(equals + 1)));
  }
  return attributes;
}

/** What is JSON is taken as that: `18` is a number, `"18"` a text. All else is a text. */
function attribute(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Dotted names lead into objects, as those of conditions do. */
function setAt(attributes: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path as [string, ...string[]];
  const isOwn = Object.hasOwn(attributes, name);
  const present = isOwn ? attributes[name] : undefined;
  const isMap = typeof present === 'object' && present !== null && !Array.isArray(present);
  const inner = isMap ? (present as Record<string, unknown>) : {};
  if (rest.length > 0) setAt(inner, rest, value);
  Object.defineProperty(attributes, name, {
    value: rest.length > 0 ? inner : value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function evaluateFile(file: string, name: string, attributes: Record<string, unknown>): Evaluated {
  const { evaluation, steps } = explain(readFlagFile(file), name, attributes);
  const { value, variant, reason, errorDetails } = evaluation;
  if (value === undefined || variant === undefined) throw new Failure(errorDetails ?? `no flag ${name}`);
  return {
    flag_name: name,
    value,
    variant,
    reason,
    ...(errorDetails !== undefined && { error: errorDetails }),
    steps: [...steps],
  };
}

type Step = NonNullable<Evaluated['steps']>[number];

function showAnswer({ flag_name, value, variant, reason, error, steps = [] }: Evaluated, colors: Colors) {
  const lines = [`${flag_name}: ${showValue(value)} ${colors.dim(`(${printable(variant)}, ${reason})`)}`];
  if (error !== undefined) lines.push(printable(error));
  if (steps.length > 0) lines.push(...table(['AT', 'RESULT'], steps.map(stepRow), colors));
  return lines;
}

function stepRow({ at, met, by, key, bucket, total, on }: Step): string[] {
  if (met !== undefined) return [printable(at), met ? 'met' : 'not met'];
  if (bucket === undefined) return [printable(at), `no ${printable(by ?? 'key')}`];
  const whose = `${printable(by ?? '')} ${showValue(key)} is in bucket ${bucket} of ${total}`;
  const share = on === undefined ? '' : `: ${bucket < on ? 'in' : 'out'}, below ${on} is in`;
  return [printable(at), whose + share];
}

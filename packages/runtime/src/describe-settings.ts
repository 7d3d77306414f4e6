/** Settings as people read them: what `--help` prints, and what docs/settings.md is made of. */
import process from 'node:process';
import { z } from 'zod';

/** Schemas of settings by their names, under the titles that they are shown under. */
export type SettingGroups = Readonly<Record<string, z.ZodRawShape>>;

type Intersection<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void
  ? I
  : never;
type Merged<G extends SettingGroups> =
  Intersection<G[keyof G]> extends infer M extends z.ZodRawShape ? { [K in keyof M]: M[K] } : never;

/** One schema of all settings in `groups`, for `parseEnvironment`. No name may stand in two of them. */
export const settingsSchema = <G extends SettingGroups>(groups: G): z.ZodObject<Merged<G>> =>
  z.object(Object.assign({}, ...Object.values(groups))) as z.ZodObject<Merged<G>>;

/** A setting, in words. */
export interface SettingText {
  readonly name: string;
  readonly required: boolean;
  /** As it is written in the environment; `undefined` where nothing is set. */
  readonly default: string | undefined;
  readonly description: string;
}

/** @param schema as it stands in the object's shape: described from the outside, above its default */
export function settingText(name: string, schema: z.core.$ZodType): SettingText {
  const { description = '' } = z.globalRegistry.get(schema) ?? {};
  return {
    name,
    required: !z.safeParse(schema, undefined).success,
    default: defaultOf(name, schema),
    description: `${description}${valuesOf(schema)}`,
  };
}

/** What is read by schemas within others: before it is turned into something else, and without its default. */
function inner(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodPipe) return schema.in;
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return schema.unwrap();
  return undefined;
}

function defaultOf(name: string, schema: z.core.$ZodType): string | undefined {
  for (let each: z.core.$ZodType | undefined = schema; each; each = inner(each))
    if (each instanceof z.ZodDefault) return shown(name, each.def.defaultValue);
  return undefined;
}

/** Large numbers a second time, in the unit in which people think of them. */
function shown(name: string, value: unknown): string | undefined {
  const text = String(value);
  if (text === '') return undefined;
  if (typeof value !== 'number') return text;
  const units = name.endsWith('_MS') ? TIMES : name.endsWith('_BYTES') ? SIZES : [];
  const unit = units.find(([, size]) => value >= size && value % size === 0);
  return unit ? `${text} (${value / unit[1]} ${unit[0]})` : text;
}
const TIMES = [
  ['d', 86_400_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;
const SIZES = [
  ['MiB', 1024 * 1024],
  ['KiB', 1024],
] as const;

/** Which values are taken, where the schema names them or sets bounds. */
function valuesOf(schema: z.core.$ZodType): string {
  for (let each: z.core.$ZodType | undefined = schema; each; each = inner(each)) {
    if (each instanceof z.ZodEnum) return ` One of: ${each.options.join(', ')}.`;
    if (!(each instanceof z.ZodNumber)) continue;
    const { minValue: min, maxValue: max } = each;
    if (max !== null && max < Number.MAX_SAFE_INTEGER) return ` ${min} to ${max}.`;
    return min !== null && min > 1 ? ` At least ${min}.` : '';
  }
  return '';
}

const WIDTH = 100;

function wrapped(text: string, indent: string): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.length + word.length >= WIDTH && line.trim() !== '') {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line].join('\n');
}

/** All settings with their defaults and descriptions, for a terminal of 100 columns. */
export function helpText(about: string, groups: SettingGroups): string {
  const parts = Object.entries(groups).map(([title, shape]) => {
    const settings = Object.entries(shape).map(([name, schema]) => {
      const text = settingText(name, schema);
      const value = text.required ? '(required)' : text.default === undefined ? '' : `= ${text.default}`;
      return `${`  ${name} ${value}`.trimEnd()}\n${wrapped(text.description, '      ')}`;
    });
    return `${title}\n\n${settings.join('\n')}`;
  });
  const intro = `${about}\n\nIt is set by variables of its environment; an empty one counts as absent.`;
  return `${[intro, ...parts].join('\n\n')}\n`;
}

/** Where `args` (of the command line) ask for help: print it, and end the process with 0. */
export async function answerHelp(
  args: readonly string[],
  about: string,
  groups: SettingGroups,
): Promise<void> {
  if (!args.includes('--help') && !args.includes('-h')) return;
  // Through a pipe it is not written at once.
  await new Promise(resolve => process.stdout.write(helpText(about, groups), resolve));
  process.exit(0);
}

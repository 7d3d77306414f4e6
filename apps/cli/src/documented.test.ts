/** What documents say to type is understood, and no command has an option that the program takes before it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { recordTerminal } from '../test/command-line.ts';
import { createProgram } from './program.ts';

const ROOT = join(import.meta.dirname, '../../..');
const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
];

function programWithoutActions(): Command {
  const { terminal } = recordTerminal();
  const program = createProgram({ terminal, folder: ROOT, interruption: () => new AbortController().signal });
  const silence = (command: Command) => {
    if (command.commands.length === 0) command.action(() => {});
    command.commands.forEach(silence);
  };
  program.commands.forEach(silence);
  return program;
}

/** A line of a shell without what it is fed, and what is said of it behind. */
function wordsOf(line: string): string[] {
  const typed = line.replace(/^.*\| */, '').replace(/( {2,}| #).*$/, '');
  return [...typed.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c!).slice(1);
}

const commands = pages.flatMap(page =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^ {4}(?:pnpm )?((?:[^\n|]*\| )?qvc .*)$/gm)].map(
    ([, line]) => ({ page, line: line! }),
  ),
);

test('documents have commands', () => {
  expect(commands.length).toBeGreaterThan(30);
});

test.each(commands)('$page: $line', async ({ line }) => {
  const words = wordsOf(line);
  if (words.includes('--help')) return;
  await programWithoutActions().parseAsync(words, { from: 'user' });
});

test('an option means the same to every command', () => {
  const program = programWithoutActions();
  const common = new Set(program.options.flatMap(({ short, long }) => [short, long]));
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  const hidden = program.commands
    .flatMap(all)
    .flatMap(command =>
      command.options
        .filter(({ short, long }) => common.has(long) || (short && common.has(short)))
        .map(({ flags }) => `${command.name()} ${flags}`),
    );
  expect(hidden).toEqual([]);
});

/** One call of `qvc`, from its arguments to its exit code. */
import { CommanderError } from 'commander';
import { describeError, EXIT_OK, EXIT_USAGE, exitCodeOf } from './fault.ts';
import { createProgram, type ProgramOptions } from './program.ts';

/** Run with `args` (without the program's name). Never throws: errors become a line of `err` and a code. */
export async function run(args: readonly string[], options: ProgramOptions): Promise<number> {
  const { err, colors } = options.terminal;
  const say = (message: string) => err(`${colors.red('error:')} ${message}`);
  try {
    await createProgram(options).parseAsync(args, { from: 'user' });
    return EXIT_OK;
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      say(describeError(error));
      return exitCodeOf(error);
    }
    if (error.exitCode === 0) return EXIT_OK;
    // Without a command commander shows the help as if it were an error.
    const help = error.code === 'commander.help';
    say(help ? 'A command is needed: see qvc --help' : error.message.replace(/^error: /, ''));
    return EXIT_USAGE;
  }
}

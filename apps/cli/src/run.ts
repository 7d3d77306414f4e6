/** One call of `qvc`, from its arguments to its exit code. */
import { CommanderError } from 'commander';
import { proposedLines } from './commands/show-proposal.ts';
import { describeError, EXIT_OK, EXIT_USAGE, exitCodeOf } from './fault.ts';
import { createProgram, type ProgramOptions } from './program.ts';
import { Proposed } from './proposed.ts';

/** Run with `args` (without the program's name). Never throws: errors become a line of `err` and a code. */
export async function run(args: readonly string[], options: ProgramOptions): Promise<number> {
  const { out, err, colors } = options.terminal;
  const say = (message: string) => err(`${colors.red('error:')} ${message}`);
  const program = createProgram(options);
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT_OK;
  } catch (error) {
    if (error instanceof Proposed) {
      const { proposals } = error;
      if (program.opts().json) out(JSON.stringify({ proposals }, null, 2));
      else for (const line of proposedLines(proposals, colors)) out(line);
      return EXIT_OK;
    }
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

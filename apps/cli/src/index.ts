export type { ProgramOptions } from './program.ts';
export { run } from './run.ts';

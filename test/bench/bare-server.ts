/** The least that a runtime needs to hold sockets, as a process beside what is measured. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Runtime, runtimes } from '../../infra/stack/programs.ts';

export interface BareServer {
  readonly url: string;
  readonly pid: number;
  stop(): void;
}

/** `yielding`: it stands for one on another machine, so it gives way to every other process of this one. */
export async function startBareServer(runtime: Runtime, { yielding = false } = {}): Promise<BareServer> {
  const script = fileURLToPath(new URL('./bare-fanout.ts', import.meta.url));
  const server = spawn(runtimes[runtime](), [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = server.pid!;
  if (yielding) setPriority(pid, constants.priority.PRIORITY_LOW);
  const [port] = await once(server.stdout!, 'data');
  return { url: `http://127.0.0.1:${String(port).trim()}`, pid, stop: () => server.kill() };
}

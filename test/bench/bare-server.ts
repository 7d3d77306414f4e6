/** The least that a runtime needs to hold sockets, as a process beside what is measured. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Runtime, runtimes } from '../../infra/stack/programs.ts';
import { actElsewhere } from '../harness/elsewhere.ts';

export interface BareServer {
  readonly url: string;
  readonly pid: number;
  stop(): void;
}

/** `elsewhere`: it stands for one on another machine. */
export async function startBareServer(runtime: Runtime, { elsewhere = false } = {}): Promise<BareServer> {
  const script = fileURLToPath(new URL('./bare-fanout.ts', import.meta.url));
  const server = spawn(runtimes[runtime](), [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = server.pid!;
  const [port] = await once(server.stdout!, 'data');
  // All its threads are there by now.
  if (elsewhere) actElsewhere(pid);
  return { url: `http://127.0.0.1:${String(port).trim()}`, pid, stop: () => server.kill() };
}

/** The project's own processes in the stack. */
import { join } from 'node:path';
import { type Component, createComponent } from './component.ts';
import { ROOT, type Runtime, runtimes } from './programs.ts';

export interface AppOptions {
  readonly name: string;
  /** Its log stands below it. */
  readonly dir: string;
  readonly port: number;
  readonly runtime: Runtime;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const isReady = (url: string) => async () =>
  (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })).status === 200;

function createApp(main: string, { name, dir, port, runtime, env }: AppOptions): Component {
  const url = `http://127.0.0.1:${port}`;
  return createComponent({
    name,
    url,
    port,
    command: runtimes[runtime](),
    args: [join(ROOT, main)],
    env: { NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), ...env },
    logFile: join(dir, `${name}.log`),
    ready: isReady(url),
  });
}

export const createAuthority = (options: AppOptions): Component =>
  createApp('apps/authority/src/main.ts', options);
export const createReadNode = (options: AppOptions): Component =>
  createApp('apps/read-node/src/main.ts', options);

/** The project's own processes in the stack. */
import { join } from 'node:path';
import { type Component, createComponent } from './component.ts';
import { ROOT, type Runtime, runtimes } from './programs.ts';

export interface AppOptions {
  readonly name: string;
  /** Its log stands below it. */
  readonly dir: string;
  readonly port: number;
  /** Where it listens. @default 127.0.0.1 */
  readonly host?: string | undefined;
  readonly netns?: string | undefined;
  readonly runtime: Runtime;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const isReady = (url: string) => async () =>
  (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })).status === 200;

function createApp(main: string, options: AppOptions): Component {
  const { name, dir, port, host = '127.0.0.1', netns, runtime, env } = options;
  const url = `${env.TLS_CERT_FILE === undefined ? 'http' : 'https'}://${host}:${port}`;
  return createComponent({
    name,
    url,
    port,
    netns,
    command: runtimes[runtime](),
    args: [join(ROOT, main)],
    env: { NODE_ENV: 'production', HOST: host, PORT: String(port), ...env },
    logFile: join(dir, `${name}.log`),
    ready: isReady(url),
  });
}

export const createAuthority = (options: AppOptions): Component =>
  createApp('apps/authority/src/main.ts', options);
export const createReadNode = (options: AppOptions): Component =>
  createApp('apps/read-node/src/main.ts', options);

/** The project's own processes in the stack. */
import { join } from 'node:path';
import process from 'node:process';
import { type AppCommand, bundled } from './bundles.ts';
import type { CertificateFiles } from './certificates.ts';
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
  /** Its certificate: shown to its clients, and to the servers that it calls. @default it speaks no TLS */
  readonly tls?: CertificateFiles | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const isReady = (url: string) => async () =>
  (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })).status === 200;

/** The one identity for both: who calls, and who answers. */
const tlsEnv = ({ caFile, certFile, keyFile }: CertificateFiles) => ({
  TLS_CERT_FILE: certFile,
  TLS_KEY_FILE: keyFile,
  TLS_CLIENT_CA_FILE: caFile,
  LINK_CA_FILE: caFile,
  LINK_CERT_FILE: certFile,
  LINK_KEY_FILE: keyFile,
});

/** Started from there in place of their sources; set by test/harness/bundles.ts. */
const bundles = process.env.QV_BUNDLES;

/** Node keeps what it has compiled for the next start. */
const fromSources = (main: string, runtime: Runtime): AppCommand => ({
  command: runtimes[runtime](),
  args: [join(ROOT, main)],
  env: { NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compiled') },
});

function createApp(main: string, options: AppOptions): Component {
  const { name, dir, port, host = '127.0.0.1', netns, runtime, tls, env } = options;
  const app = bundles ? bundled(bundles, main, runtime) : fromSources(main, runtime);
  const url = `${tls || env.TLS_CERT_FILE !== undefined ? 'https' : 'http'}://${host}:${port}`;
  return createComponent({
    name,
    url,
    port,
    netns,
    command: app.command,
    args: app.args,
    env: {
      NODE_ENV: 'production',
      HOST: host,
      PORT: String(port),
      ...app.env,
      ...(tls && tlsEnv(tls)),
      ...env,
    },
    logFile: join(dir, `${name}.log`),
    ready: isReady(url),
    // Starting takes half a second of processor time, and whoever asks takes of it.
    readyIntervalMs: 50,
  });
}

export const createAuthority = (options: AppOptions): Component =>
  createApp('apps/authority/src/main.ts', options);
export const createReadNode = (options: AppOptions): Component =>
  createApp('apps/read-node/src/main.ts', options);

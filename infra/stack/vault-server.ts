/** A Vault (or OpenBao) of its own: with TLS, a file to keep things in, and sealed at each start until it is unsealed. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { type CertificateFiles, createCa } from './certificates.ts';
import { type Component, createComponent } from './component.ts';
import { requireProgram } from './programs.ts';

/** As root, whatever that answers. */
export type VaultCall = (
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  path: string,
  body?: object,
) => Promise<{ readonly status: number; readonly body: unknown }>;

export interface VaultServer extends Component {
  /** PEM file of who signed its certificate. */
  readonly caFile: string;
  readonly call: VaultCall;
  seal(): Promise<void>;
  unseal(): Promise<void>;
}

export interface VaultServerOptions {
  readonly name: string;
  /** Data, log, certificate and the keys that unseal it stand below it. */
  readonly dir: string;
  readonly port: number;
  /** For other members, of which there are none. */
  readonly clusterPort: number;
  /** Its certificate. @default one of an authority of its own */
  readonly tls?: CertificateFiles | undefined;
}

interface Initialized {
  readonly keys_base64: readonly string[];
  readonly root_token: string;
}

export function createVaultServer({
  name,
  dir,
  port,
  clusterPort,
  ...options
}: VaultServerOptions): VaultServer {
  const folder = join(dir, name);
  const { caFile, certFile, keyFile } = options.tls ?? createCa(join(dir, `${name}-tls`)).issue({ name });
  const [configFile, initFile] = [join(folder, 'config.json'), join(folder, 'init.json')];
  const url = `https://127.0.0.1:${port}`;
  let agent: Agent | undefined;

  async function prepare(): Promise<void> {
    if (existsSync(configFile)) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const listener = {
      address: `127.0.0.1:${port}`,
      cluster_address: `127.0.0.1:${clusterPort}`,
      tls_cert_file: certFile,
      tls_key_file: keyFile,
    };
    mkdirSync(join(folder, 'data'));
    const raft = { path: join(folder, 'data'), node_id: name, performance_multiplier: 1 };
    const config = {
      // As in production: in files of the file system's own, long names would not fit.
      storage: { raft },
      cluster_addr: `https://127.0.0.1:${clusterPort}`,
      listener: [{ tcp: listener }],
      api_addr: url,
      disable_mlock: true,
    };
    writeFileSync(configFile, JSON.stringify(config));
  }

  const initialized = (): Initialized => JSON.parse(readFileSync(initFile, 'utf8')) as Initialized;

  const call: VaultCall = async (method, path, body) => {
    agent ??= new Agent({ allowH2: false, connect: { ca: readFileSync(caFile, 'utf8') } });
    const token = existsSync(initFile) ? initialized().root_token : '';
    const answer = await request(`${url}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': token },
      ...(body && { body: JSON.stringify(body) }),
      dispatcher: agent,
      headersTimeout: 5_000,
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text === '' ? undefined : JSON.parse(text) };
  };

  async function unseal(): Promise<void> {
    if (!existsSync(initFile)) {
      const { body } = await call('PUT', 'sys/init', { secret_shares: 1, secret_threshold: 1 });
      writeFileSync(initFile, JSON.stringify(body), { mode: 0o600 });
    }
    await call('PUT', 'sys/unseal', { key: initialized().keys_base64[0]! });
  }

  const component = createComponent({
    name,
    url,
    port,
    command: requireProgram('vault'),
    args: ['server', `-config=${configFile}`],
    // What is set for its command line must not change what the server does.
    env: { VAULT_TOKEN: undefined, VAULT_NAMESPACE: undefined },
    dataDir: folder,
    logFile: join(dir, `${name}.log`),
    prepare,
    ready: async () => {
      const { status } = await call('GET', 'sys/health');
      // 501: not initialized; 503: sealed.
      if (status === 501 || status === 503) await unseal();
      return status === 200;
    },
  });
  // Not spread: what the component knows of itself, it is asked for.
  return Object.assign(component, {
    caFile,
    call,
    unseal,
    seal: async () => void (await call('PUT', 'sys/seal')),
  });
}

/** A Prometheus of a network's own: the jobs of the example, the rules as they are, in small intervals. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Component, createComponent } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { requireProgram } from '../../infra/stack/programs.ts';
import type { TestNetwork } from './network.ts';

const ALERTS = resolve(import.meta.dirname, '../../infra/alerts');
const INTERVAL = '500ms';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, value: string];
}
export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}
export interface RuleState {
  readonly name: string;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}
export interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastError: string;
}

export interface Prometheus {
  readonly component: Component;
  /** The series that it comes to now. @throws Error where it is none, with what it says */
  query(expr: string): Promise<readonly Sample[]>;
  targets(): Promise<readonly Target[]>;
  alerts(): Promise<readonly Alert[]>;
  rules(): Promise<readonly RuleState[]>;
}

/** Jobs as in prometheus.example.yaml, by their names there. */
function configurationOf(network: TestNetwork, tokenFile: string): string {
  const hosts = (components: readonly Component[]) => components.map(({ port }) => `127.0.0.1:${port}`);
  const targets: Record<string, object[]> = {
    'quantivista-authority': [{ targets: hosts(network.authorities) }],
    'quantivista-node': network.regions.map(({ name, nodes }) => ({
      targets: hosts(nodes),
      labels: { region: name },
    })),
    etcd: [{ targets: hosts(network.etcdMembers) }],
  };
  const example = parse(readFileSync(join(ALERTS, 'prometheus.example.yaml'), 'utf8'));
  return stringify({
    global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
    rule_files: (example.rule_files as string[]).map(file => join(ALERTS, file)),
    scrape_configs: (example.scrape_configs as { job_name: string; authorization?: object }[]).map(job => ({
      ...job,
      ...(job.authorization && { authorization: { credentials_file: tokenFile } }),
      static_configs: targets[job.job_name],
    })),
  });
}

/** It is the caller who ends it. Its data stands in the network's folder, and goes with it. */
export async function startPrometheus(network: TestNetwork): Promise<Prometheus> {
  const dir = join(network.dir, 'prometheus');
  const [configFile, tokenFile] = [join(dir, 'prometheus.yaml'), join(dir, 'metrics-token')];
  mkdirSync(dir);
  writeFileSync(tokenFile, network.token, { mode: 0o600 });
  writeFileSync(configFile, configurationOf(network, tokenFile));
  const port = await createPorts().next();
  const url = `http://127.0.0.1:${port}`;
  const component = createComponent({
    name: 'prometheus',
    url,
    port,
    command: requireProgram('prometheus'),
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    dataDir: dir,
    logFile: join(dir, 'prometheus.log'),
    ready: async () => (await fetch(`${url}/-/ready`)).ok,
  });
  await component.start();

  async function ask<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(query)}`);
    const answer = (await response.json()) as { data: T; error?: string };
    if (answer.error !== undefined) throw new Error(`${answer.error}: ${query.query ?? path}`);
    return answer.data;
  }
  return {
    component,
    query: async expr => (await ask<{ result: Sample[] }>('query', { query: expr })).result,
    targets: async () => (await ask<{ activeTargets: Target[] }>('targets')).activeTargets,
    alerts: async () => (await ask<{ alerts: Alert[] }>('alerts')).alerts,
    rules: async () =>
      (await ask<{ groups: { rules: RuleState[] }[] }>('rules')).groups.flatMap(group => group.rules),
  };
}

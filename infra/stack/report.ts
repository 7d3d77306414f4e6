/** What ./start prints. */
import type { Endpoints } from '@quantivista/contracts';
import type { Demonstration } from './demonstration.ts';

export const HELP = `Usage: ./start [options]

Brings up a whole network on this machine: etcd, Postgres, the authority, and two regions with a Redis and
two read nodes each, with the example of a trading platform. Ctrl-C ends everything and deletes its data.

  --once               show one change reach every node and a watcher in the other region, then end
  --port-base N        ports from N on, instead of random free ones
  --reads open|token   whether reads need a token (default: open)
  --runtime bun|node   what the read nodes run on (default: bun)
  --tls                TLS on every hop, with certificates made for this run
  --help               this

QV_ETCD_URL, QV_POSTGRES_URL and QV_REDIS_URL_{REGION} (EU_WEST, US_EAST) name components that run elsewhere,
and QV_ADMIN_TOKEN_FILE the file of the token that such an etcd knows. QV_VAULT_ADDR names a Vault that is set up
already; what else it needs goes with it: QV_VAULT_TOKEN_FILE, QV_VAULT_CACERT …
`;

export const NO_VAULT = `No vault or bao is on PATH, and none was built (infra/vault/build.sh): secrets are sealed by a keyring in a
file, as fits development alone.`;

export const milliseconds = (ms: number): string => `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;

/** Commands that work as printed, from the repository's root. */
export function tryThis(endpoints: Endpoints, reads: 'open' | 'token'): string {
  const { authority, regions, token, ca_file } = endpoints;
  const curl = ca_file === undefined ? 'curl' : `curl --cacert ${ca_file}`;
  const trusting = ca_file === undefined ? '' : `NODE_EXTRA_CA_CERTS=${ca_file} `;
  const near = regions[0]!.nodes[0]!;
  const far = regions.at(-1)!.nodes.at(-1)!;
  const [path, query] = ['/api/v1/config/risk_engine', 'environment=PRODUCTION'];
  const bearer = `-H 'Authorization: Bearer ${token}'`;
  const reading = reads === 'token' ? `${bearer} ` : '';
  const socketUrl = `${far.replace(/^http/, 'ws')}/api/v1/config/watch/risk_engine?${query}`;
  const socketOptions = reads === 'token' ? `, {headers: {authorization: "Bearer ${token}"}}` : '';
  return `
Read, at a node of ${regions[0]!.name}:
  ${curl} -si ${reading}'${near}${path}?${query}'
  ${curl} -s ${reading}'${near}${path}/max_position?${query}'

Watch, at a node of ${regions.at(-1)!.name}:
  ${trusting}node_modules/.bin/node -e 'new WebSocket("${socketUrl}"${socketOptions}).onmessage = e => console.log(e.data)'

Write, at the authority:
  ${curl} -s -X PUT ${bearer} -H 'Content-Type: application/json' \\
    -d '{"new_value": 1200000, "reason": "quarterly review"}' '${authority}${path}/max_position?${query}'

Flags, for flagd and its clients:
  ${curl} -s ${reading}'${near}/flagd/v1/flags.json'${regions[0]!.grpc ? `\n  gRPC (flagd.sync.v1): ${regions[0]!.grpc[0]}` : ''}

Versions, and the way back to one:
  ${curl} -s ${bearer} '${authority}${path}/max_position/versions?${query}'
  ${curl} -s -X POST ${bearer} -H 'Content-Type: application/json' \\
    -d '{"service_name": "risk_engine", "config_key": "max_position", "environment": "PRODUCTION", "version": 1}' \\
    '${authority}/api/v1/config/rollback'
`;
}

export function listEndpoints({ authority, regions, etcd, postgres }: Endpoints): string {
  const rows = [
    ['authority', authority],
    ...regions.flatMap(({ name, nodes }) => nodes.map((url, index) => [`${name}-${index + 1}`, url])),
    ...regions.map(({ name, redis }) => [`redis ${name}`, redis]),
    ['etcd', etcd],
    ['postgres', postgres],
  ];
  return rows.map(([name, url]) => `  ${name!.padEnd(16)} ${url}`).join('\n');
}

/** @param dir the run's folder */
export const storePasswords = (dir: string): string =>
  `The stores let in their own users alone (docs/store-users.md): passwords in ${dir}/passwords`;

export function showDemonstration(shown: Demonstration): string {
  const { arrivals, acknowledgedMs, watched, frame, frameMs, revision } = shown;
  const row = (what: string, ms: number) => {
    const after = ms - acknowledgedMs;
    const relative = `${milliseconds(Math.abs(after))} ${after < 0 ? 'before' : 'after'} the acknowledgement`;
    return `  ${what.padEnd(24)} ${milliseconds(ms).padStart(9)}  ${after === 0 ? '' : relative}`.trimEnd();
  };
  const [update] = frame.updates;
  return [
    `One change: ${frame.service_name}/${update!.config_key} ${update!.old_value} → ${update!.new_value}, revision ${revision}`,
    'Time since the PUT was sent:',
    row('acknowledged', acknowledgedMs),
    ...arrivals.map(({ node, ms }) => row(`read at ${node}`, ms)),
    row(`watcher at ${watched}`, frameMs),
    `The watcher's frame:\n${JSON.stringify(frame, undefined, 2)}`,
  ].join('\n');
}

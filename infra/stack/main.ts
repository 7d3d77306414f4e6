/** ./start: a network in the foreground, until a signal or, with --once, until its demonstration is over. */
import { join } from 'node:path';
import process from 'node:process';
import { demonstrate } from './demonstration.ts';
import { loadExample } from './example.ts';
import { installComponents } from './install.ts';
import { type Network, startNetwork } from './network.ts';
import { parseOptions, type StartOptions } from './options.ts';
import { ROOT } from './programs.ts';
import {
  HELP,
  listEndpoints,
  milliseconds,
  NO_VAULT,
  showDemonstration,
  storePasswords,
  tryThis,
} from './report.ts';
import { createRunFolder } from './run-folder.ts';
import { secretsAtHand } from './secrets.ts';

const say = (line: string) => console.log(line);
const fail = (error: unknown): never => {
  console.error(`./start: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
};

/** Resolves at the first signal; the second one ends the process at once, and its children with it. */
const signalled = new Promise<void>(resolve => {
  let before = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (before) process.exit(1);
      before = true;
      resolve();
    });
  }
});

async function main(options: StartOptions): Promise<void> {
  installComponents(say);
  const startedAt = performance.now();
  const folder = createRunFolder(join(ROOT, '.stack'));
  process.on('exit', () => folder.remove());
  const onProgress = (step: string, ms: number) => say(`${milliseconds(ms).padStart(9)}  ${step}`);
  const secrets = secretsAtHand();
  if (secrets === 'keyring') say(NO_VAULT);
  const network = await startNetwork({
    ...options.network,
    grpc: true,
    storeUsers: true,
    dir: folder.dir,
    secrets,
    onProgress,
  });
  try {
    const loadedAt = performance.now();
    const count = await loadExample(network.endpoints.authority, network.token);
    onProgress(`an example of ${count} values`, performance.now() - loadedAt);
    folder.publish(network.endpoints);
    say(
      `\nReady after ${milliseconds(performance.now() - startedAt)}.\n\n${listEndpoints(network.endpoints)}\n\n${storePasswords(folder.dir)}\n`,
    );
    await (options.once ? Promise.race([showOnce(network), signalled]) : stay(network, options));
  } finally {
    await network.stop();
  }
}

async function showOnce(network: Network): Promise<void> {
  say(showDemonstration(await demonstrate(network)));
}

async function stay(network: Network, { network: { reads } }: StartOptions): Promise<void> {
  let ending = false;
  for (const component of network.components) {
    // Told, not mended: whoever kills a part wants to see what the others do.
    if (component.pid !== undefined) {
      component.ended().then(() => ending || say(`${component.name} has ended: ${component.logFile}`));
    }
  }
  say(`${tryThis(network.endpoints, reads)}\nCtrl-C ends everything.`);
  await signalled;
  ending = true;
  say('\nEnding …');
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') console.log(HELP);
  else await main(options);
  process.exit(0);
} catch (error) {
  fail(error);
}

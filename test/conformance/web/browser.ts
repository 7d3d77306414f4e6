/** A real browser, and a page of another origin than the node's. */
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { requireProgram, runtimes } from '../../../infra/stack/programs.ts';

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Debian's Chromium, headless, with a new profile that is gone with it. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: requireProgram('chromium'), chromiumSandbox: false, args: FLAGS });

/** The page's script with the SDK in it. @throws with what the bundler says */
function bundle(): string {
  const script = join(import.meta.dirname, 'page.js');
  const args = ['build', '--target=browser', '--format=iife', script];
  const { status, stdout, stderr } = spawnSync(runtimes.bun(), args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the page was not bundled: ${stderr}`);
  return stdout;
}

export interface PageServer {
  /** Named localhost: neither the nodes' host nor their port. */
  readonly url: string;
  /** The same page by another name: another origin. */
  readonly foreignUrl: string;
  stop(): Promise<void>;
}

export async function servePage(): Promise<PageServer> {
  const script = bundle();
  const document = '<!doctype html><meta charset="utf-8"><p id="shown"></p><script src="/page.js"></script>';
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript; charset=utf-8' : 'text/html');
    response.end(isScript ? script : document);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    foreignUrl: `http://127.0.0.1:${port}/`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

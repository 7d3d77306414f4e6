/**
 * The official web SDK and OFREP provider in a real browser, on a page of another origin than the node's: the table
 * of cases by the bulk endpoint, and changes that come by the change notification alone (it never polls).
 */
import type { Browser, Page, Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { cases, flags, wanted } from './cases.ts';
import { type FlagNetwork, RUNTIMES, startFlagNetwork } from './flag-network.ts';
import { type PageServer, servePage, startBrowser } from './web/browser.ts';

const FLAG = 'conformance.shown';
const COLOURS = { red: 'rouge', blue: 'bleu', green: 'vert' };

let network: FlagNetwork;
let server: PageServer;
let browser: Browser;
let page: Page;
let responses: Response[];

beforeAll(async () => {
  server = await servePage();
  const nodeEnv = { OFREP_ORIGINS: new URL(server.url).origin };
  [network, browser] = await Promise.all([startFlagNetwork({ nodeEnv }), startBrowser()]);
  await network.putFlags(flags);
  await network.putFlags([
    { flag_name: FLAG, enabled: true, rollout_percentage: 100, variants: COLOURS, default_variant: 'red' },
  ]);
});
afterEach(async () => {
  await page.context().close();
  await serve('red');
});
afterAll(async () => {
  await browser.close();
  await Promise.all([server.stop(), network.stop()]);
});

const serve = (default_variant: string) => network.putFlags([{ flag_name: FLAG, default_variant }]);

/** A page in a profile of its own, which knows nothing yet. */
async function open(url = server.url): Promise<void> {
  page = await (await browser.newContext()).newPage();
  responses = [];
  page.on('response', response => responses.push(response));
  await page.goto(url);
}

/** Run a function of the page. */
const call = (name: string, argument: unknown): Promise<unknown> =>
  page.evaluate(`globalThis.${name}(${JSON.stringify(argument)})`);
const connect = (
  { url: baseUrl }: Component,
  { token = network.token, cacheMode = 'local-cache-first' } = {},
) => call('connect', { baseUrl, token, cacheMode, flag: FLAG });
/** Why it can't. */
const refusal = (node: Component, token?: string): Promise<string> =>
  connect(node, { token }).then(
    () => 'connected',
    (error: Error) => error.message,
  );
const shows = (text: string) =>
  until(async () => (await page.textContent('#shown')) === text, { what: `the page to show ${text}` });

const isEvaluation = (response: Response) =>
  response.url().includes('/ofrep/v1/evaluate') && response.request().method() === 'POST';
const statuses = () => responses.filter(isEvaluation).map(response => response.status());

describe.each(RUNTIMES.map((runtime, index) => [runtime, index] as const))('at a node on %s', (_, index) => {
  let node: Component;
  beforeAll(() => {
    node = network.serving[index]!;
  });

  test('a change is shown as it comes', async () => {
    await open();
    await connect(node);
    await shows('rouge STATIC');
    for (const [variant, value] of Object.entries({ blue: 'bleu', green: 'vert', red: 'rouge' })) {
      await serve(variant);
      await shows(`${value} STATIC`);
    }
    const streams = responses.filter(response => response.url().includes('/ofrep/v1/events'));
    expect(streams.map(response => response.status())).toEqual([200]);
    expect(streams[0]!.url()).not.toContain(network.token);
  });

  test('each case of the table', async () => {
    await open();
    // Its cache is by targeting key alone, whatever else the context holds.
    await connect(node, { cacheMode: 'disabled' });
    for (const each of cases) expect(await call('ask', each)).toEqual(wanted(each));
  });

  test('a page that is loaded again asks by its tag, and goes on', async () => {
    await open();
    await connect(node);
    await shows('rouge STATIC');
    await page.reload();
    responses = [];
    await connect(node);
    await until(() => statuses().includes(304), { what: 'an answer that nothing has changed' });
    expect(statuses()).not.toContain(200);
    await serve('blue');
    await shows('bleu STATIC');
  });

  test('a wrong token is told as such, not as a failure of the network', async () => {
    await open();
    expect(await refusal(node, 'wrong')).toContain('Initialization failed');
    await shows('default ERROR');
    expect(new Set(statuses())).toEqual(new Set([401]));
  });

  test('a page of another origin than those that are allowed is told nothing', async () => {
    await open(server.foreignUrl);
    expect(await refusal(node)).toContain('The OFREP request failed');
    await shows('default ERROR');
  });

  test('changes made while the node was away are shown when it is back', async () => {
    await open();
    await connect(node);
    await shows('rouge STATIC');
    await node.kill();
    const change = { body: { default_variant: 'green' } };
    await network.api(network.authority).request('PUT', `/api/v1/feature-flags/${FLAG}`, change);
    await node.start();
    await shows('vert STATIC');
    await serve('blue');
    await shows('bleu STATIC');
  });
});

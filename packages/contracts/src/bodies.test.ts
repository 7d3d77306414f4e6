import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { limitBody } from './bodies.ts';
import { problemResponse } from './errors.ts';

const app = new Hono().use(limitBody(10)).all('/', async c => c.text(String((await c.req.text()).length)));
app.onError(problemResponse);

/** A body whose length nobody says. */
const streamed = (text: string) => new Blob([text]).stream();
const put = (body: string | ReadableStream, headers: Record<string, string> = {}) =>
  app.request('/', { method: 'PUT', body, headers, ...({ duplex: 'half' } as object) });

test.each([
  ['said', (text: string) => put(text, { 'content-length': String(text.length) })],
  ['not said', (text: string) => put(streamed(text))],
  [
    'said beside another encoding',
    (text: string) => put(streamed(text), { 'content-length': '1', 'transfer-encoding': 'chunked' }),
  ],
])('a body whose length is %s is taken up to the limit', async (_, send) => {
  const within = await send('x'.repeat(10));
  expect([within.status, await within.text()]).toEqual([200, '10']);
  expect((await send('x'.repeat(11))).status).toBe(413);
});

test('what has no body passes', async () => {
  expect((await app.request('/')).status).toBe(200);
  expect((await app.request('/', { method: 'DELETE' })).status).toBe(200);
});

test('a body that breaks off while it is counted is no fault of the server', async () => {
  const broken = new ReadableStream({ pull: controller => controller.error(new Error('aborted')) });
  const { status } = await put(broken);
  expect(status).toBe(400);
});

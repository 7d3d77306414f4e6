/** Requests to one server as fast as it answers, over connections that are kept: prepared bytes, nothing parsed but lengths. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import process from 'node:process';
import type { RequestLoad, RequestRun } from './request-load.ts';

const { port, connections, requests } = (await once(process, 'message'))[0] as RequestLoad;

/** A connection with one request under way; `onAnswer` says whether there is another. */
function ask(
  socket: Socket,
  bytes: readonly Buffer[],
  first: number,
  onAnswer: (status: string) => boolean,
): void {
  let next = first;
  let rest: Buffer | undefined;
  const send = () => void socket.write(bytes[next++ % bytes.length]!);
  socket.removeAllListeners('data');
  socket.on('data', chunk => {
    const data = rest ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer);
    const end = data.indexOf('\r\n\r\n');
    const head = end < 0 ? '' : data.toString('latin1', 0, end).toLowerCase();
    const length = Number(/content-length: (\d+)/.exec(head)?.[1]);
    if (end < 0 || data.length < end + 4 + length) {
      rest = data;
      return;
    }
    rest = undefined;
    if (onAnswer(head.slice(9, 12))) send();
  });
  send();
}

const opened = Promise.all(
  Array.from(
    { length: connections },
    () =>
      new Promise<Socket>(resolve => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket));
        socket.setNoDelay(true);
      }),
  ),
);

async function run(kind: string, ms: number): Promise<RequestRun> {
  const sockets = await opened;
  const bytes = requests[kind]!.map(text => Buffer.from(text));
  const startedAt = performance.now();
  let answered = 0;
  let failed = 0;
  let underWay = sockets.length;
  return new Promise(resolve => {
    for (const [index, socket] of sockets.entries())
      ask(socket, bytes, index * 37, status => {
        answered++;
        if (status !== '200') failed++;
        if (performance.now() - startedAt < ms) return true;
        if (--underWay === 0) resolve({ answered, failed, ms: performance.now() - startedAt });
        return false;
      });
  });
}

process.on('message', async ({ kind, ms }: { kind: string; ms: number }) =>
  process.send!(await run(kind, ms)),
);
process.on('disconnect', () => process.exit());

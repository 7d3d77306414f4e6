/**
 * Many watchers in one process, as cheap as they can be: raw sockets, frames looked at and not parsed. Times are
 * those of the machine's monotonic clock, which all processes share.
 */
import { connect, type OnReadOpts, type Socket } from 'node:net';
import process from 'node:process';
import { actElsewhere } from './elsewhere.ts';
import { monotonicMs } from './monotonic.ts';

/** How a socket takes what it is sent. */
export type Reading = 'at once' | 'never' | 'a byte a second';

export interface CrowdProcessOptions {
  readonly host: string;
  readonly port: number;
  /** Path and query, without `since`. */
  readonly path: string;
  readonly authorization?: string | undefined;
  readonly sockets: number;
  /** Connected in one turn of 10 ms. */
  readonly portion: number;
  readonly reading: Reading;
  /** Stand for a process of another machine. */
  readonly elsewhere: boolean;
}

export type ToCrowdProcess =
  /** Break all connections, and come back at once with `since`. */
  { readonly kind: 'come back' } | { readonly kind: 'close' };

export type FromCrowdProcess =
  /** Every socket has had its first frame: after the beginning, and after each coming back. */
  | { readonly kind: 'all here'; readonly refused: Readonly<Record<string, number>> }
  /** Every socket has had the update of this revision: when its last byte came, for each. */
  | { readonly kind: 'update'; readonly revision: number; readonly times: Float64Array }
  /** CPU used by this process so far, in milliseconds; every half second. */
  | { readonly kind: 'cpu'; readonly ms: number };

const options = JSON.parse(process.argv[2]!) as CrowdProcessOptions;
if (options.elsewhere) actElsewhere();
const tell = (message: FromCrowdProcess) => process.send?.(message);
const refused: Record<string, number> = {};
const arrivals = new Map<number, { count: number; times: Float64Array }>();
let here = 0;
let bookmark = '';

function arrived(revision: number, at: number): void {
  const of = arrivals.get(revision) ?? { count: 0, times: new Float64Array(options.sockets) };
  arrivals.set(revision, of);
  of.times[of.count++] = at;
  if (of.count < options.sockets) return;
  arrivals.delete(revision);
  tell({ kind: 'update', revision, times: of.times });
}

/** Type, generation and revision stand first in a frame, in this order. */
const HEAD = /^\{"type":"(\w+)","generation":"([^"]+)","revision":(\d+)/;

interface Watcher {
  drop(): void;
}

function watch(): Watcher {
  let socket: Socket;
  let isHere: boolean;
  let retry: NodeJS.Timeout | undefined;

  function frame(text: string, at: number): void {
    if (!isHere) {
      isHere = true;
      if (++here === options.sockets) tell({ kind: 'all here', refused });
    }
    const head = HEAD.exec(text);
    if (!head) return;
    bookmark = `${head[2]}:${head[3]}`;
    if (head[1] === 'update') arrived(Number(head[3]), at);
  }

  function open(): void {
    isHere = false;
    let upgraded = false;
    let rest: Buffer = Buffer.alloc(0);
    const take = (chunk: Buffer) => {
      const at = monotonicMs();
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      if (!upgraded) {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) return;
        const status = rest.toString('latin1', 9, 12);
        if (status !== '101') {
          refused[status] = (refused[status] ?? 0) + 1;
          socket.destroy();
          return;
        }
        upgraded = true;
        rest = rest.subarray(end + 4);
      }
      rest = takeFrames(rest, (opcode, payload) => {
        if (opcode === TEXT) frame(payload.toString('latin1', 0, 160), at);
        else if (opcode === PING) socket.write(PONG);
      });
    };
    const slow = options.reading === 'a byte a second';
    const onread: OnReadOpts = {
      buffer: Buffer.alloc(1),
      // `false` stops reading, until the next second.
      callback: (_, buffer) => {
        take(Buffer.from(buffer));
        setTimeout(() => socket.resume(), 1_000);
        return false;
      },
    };
    const { host, port } = options;
    socket = connect({ host, port, ...(slow && { onread }) });
    socket.setNoDelay(true);
    if (!slow) socket.on('data', take);
    if (options.reading === 'never') socket.pause();
    socket.write(upgradeRequest());
    socket.on('error', () => {});
    socket.on('close', () => {
      if (isHere) here--;
      if (options.reading === 'at once') retry = setTimeout(open, Math.random() * 1_000);
    });
  }
  open();
  return {
    drop: () => {
      clearTimeout(retry);
      socket.removeAllListeners('close');
      socket.destroy();
      if (isHere) here--;
      open();
    },
  };
}

const TEXT = 1;
const PING = 9;
/** Empty, with a mask of zeros. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** Hand over each whole frame; answers what is left. A server's frames have no mask. */
function takeFrames(data: Buffer, take: (opcode: number, payload: Buffer) => void): Buffer {
  let at = 0;
  while (data.length - at >= 2) {
    let length = data[at + 1]! & 0x7f;
    let header = 2;
    if (length === 126) {
      header = 4;
      if (data.length - at < header) break;
      length = data.readUInt16BE(at + 2);
    } else if (length === 127) {
      header = 10;
      if (data.length - at < header) break;
      length = Number(data.readBigUInt64BE(at + 2));
    }
    if (data.length - at < header + length) break;
    take(data[at]! & 0x0f, data.subarray(at + header, at + header + length));
    at += header + length;
  }
  return at === 0 ? data : data.subarray(at);
}

function upgradeRequest(): string {
  const { path, host, port, authorization } = options;
  const since = bookmark === '' ? '' : `${path.includes('?') ? '&' : '?'}since=${bookmark}`;
  return [
    `GET ${path}${since} HTTP/1.1`,
    `Host: ${host}:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    '\r\n',
  ].join('\r\n');
}

const watchers: Watcher[] = [];
const filling = setInterval(() => {
  for (let n = 0; n < options.portion && watchers.length < options.sockets; n++) watchers.push(watch());
  if (watchers.length === options.sockets) clearInterval(filling);
}, 10);
setInterval(() => {
  const { user, system } = process.cpuUsage();
  tell({ kind: 'cpu', ms: (user + system) / 1_000 });
}, 500);
process.on('message', (message: ToCrowdProcess) => {
  if (message.kind === 'close') process.exit();
  arrivals.clear();
  for (const watcher of watchers) watcher.drop();
});
process.on('disconnect', () => process.exit());

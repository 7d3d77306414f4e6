/** Redis by its bare protocol: for what a test does to it behind everyone's back, and as the least a read takes. */
import { connect, type Socket } from 'node:net';

/** Send an inline command, and hand over what is answered until `take` says that it is whole. */
function command(port: number, text: string, take: (data: Buffer) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(`${text}\r\n`));
    socket.once('error', reject);
    socket.on('data', data => {
      if (!take(data as Buffer)) return;
      socket.destroy();
      resolve();
    });
  });
}

export const flushAll = (port: number): Promise<void> => command(port, 'FLUSHALL', () => true);

/** Read a whole hash; answers the number of its fields. */
export async function readHash(port: number, key: string): Promise<number> {
  let rest: Buffer = Buffer.alloc(0);
  let awaited = -1;
  let seen = 0;
  await command(port, `HGETALL ${key}`, data => {
    rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
    let at = 0;
    for (;;) {
      const end = rest.indexOf('\r\n', at);
      if (end < 0) break;
      // `*{values}` once, then `${bytes}` and the bytes for each.
      const length = Number(rest.toString('latin1', at + 1, end));
      if (awaited < 0) {
        awaited = length;
        at = end + 2;
      } else if (rest.length >= end + 2 + length + 2) {
        seen++;
        at = end + 2 + length + 2;
      } else break;
    }
    rest = rest.subarray(at);
    return seen === awaited;
  });
  return seen / 2;
}

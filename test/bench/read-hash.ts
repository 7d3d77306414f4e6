/** The least that reading a whole hash from Redis takes: its bare protocol, with nothing made of the values. */
import { connect } from 'node:net';

/** Answers the number of fields. */
export async function readHash(port: number, key: string): Promise<number> {
  const socket = connect(port, '127.0.0.1', () => socket.write(`HGETALL ${key}\r\n`));
  let rest: Buffer = Buffer.alloc(0);
  let awaited = -1;
  let seen = 0;
  for await (const chunk of socket) {
    const data = chunk as Buffer;
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
    // Leaving the loop ends the connection.
    if (seen === awaited) break;
  }
  return seen / 2;
}

/** One command to a Redis, past every rule of the project: as an operator's slip or a broken disk would. */
import { connect } from 'node:net';

/** Answers the reply as it stands on the wire. @throws Error with Redis's own error */
export const redisCommand = (port: number, ...words: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const bulk = words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    const socket = connect(port, '127.0.0.1', () => socket.write(`*${words.length}\r\n${bulk.join('')}`));
    socket.once('error', reject);
    socket.once('data', data => {
      socket.destroy();
      const reply = data.toString();
      if (reply.startsWith('-')) reject(new Error(reply.trim()));
      else resolve(reply);
    });
  });

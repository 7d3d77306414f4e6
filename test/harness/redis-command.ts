/** One command to a Redis, over a connection of its own: for what the product never asks of it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RedisPlace {
  readonly port: number;
  readonly host?: string;
  /** Who asks, where Redis has users. */
  readonly as?: { readonly username: string; readonly password: string };
}

/** The reply's text, without its type. @throws Error where Redis answers with one */
export async function redisCommand(
  { port, host = '127.0.0.1', as }: RedisPlace,
  ...words: readonly string[]
): Promise<string> {
  const socket = connect(port, host);
  try {
    if (as) await exchange(socket, ['AUTH', as.username, as.password]);
    return await exchange(socket, words);
  } finally {
    socket.destroy();
  }
}

async function exchange(socket: Socket, words: readonly string[]): Promise<string> {
  const parts = words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  socket.write(`*${words.length}\r\n${parts.join('')}`);
  let reply = '';
  while (!complete(reply)) reply += String((await once(socket, 'data'))[0]);
  const text = reply.startsWith('$') ? reply.slice(reply.indexOf('\n') + 1) : reply.slice(1);
  if (reply.startsWith('-')) throw new Error(text.trim());
  return text.trim();
}

/** A line, or a length and so many bytes. */
function complete(reply: string): boolean {
  const end = reply.indexOf('\r\n');
  if (end < 0 || !reply.startsWith('$')) return end >= 0;
  return reply.length >= end + 4 + Math.max(0, Number(reply.slice(1, end)));
}

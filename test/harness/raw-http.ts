/** Bytes to a server and what comes back, with nothing between that would tidy either up. */
import { connect, type Socket } from 'node:net';
import { until } from '../../infra/stack/until.ts';

export interface RawConnection {
  /** All that came, as Latin-1. */
  readonly received: string;
  /** Closed by the server, or broken. */
  readonly closed: boolean;
  send(text: string): void;
  drop(): void;
}

export async function openRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  let received = '';
  let closed = false;
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opened = connect(Number(port), hostname, () => resolve(opened));
    opened.once('error', reject);
  });
  socket.on('data', (data: Buffer) => {
    received += data.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  return {
    get received() {
      return received;
    },
    get closed() {
      return closed;
    },
    send: text => void socket.write(Buffer.from(text, 'latin1')),
    drop: () => void socket.destroy(),
  };
}

/** What comes back until the server closes. A request that is to be answered ends with `connection: close`. */
export async function exchange(url: string, text: string): Promise<string> {
  const connection = await openRaw(url);
  connection.send(text);
  try {
    await until(() => connection.closed, { what: `the answer to ${JSON.stringify(text.slice(0, 200))}` });
    return connection.received;
  } finally {
    connection.drop();
  }
}

/** The status of each answer in it. */
export const statusesOf = (received: string): number[] =>
  [...received.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));

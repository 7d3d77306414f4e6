/** A receiver of webhooks: it checks every signature, keeps what it took, and answers as a test wants it. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudEvent } from '@quantivista/contracts';
import { Webhook } from 'standardwebhooks';

export interface Receiver {
  readonly url: string;
  /** By whose signatures messages are known; any of them will do. */
  secrets: string[];
  /** Answers a message; what is answered with 2xx was taken. @default 204 at once */
  answer: (response: ServerResponse, event: CloudEvent) => void;
  /** Every message that came, in the order in which it came. */
  readonly messages: readonly CloudEvent[];
  /** Events taken, each once, in the order in which they came first. */
  readonly taken: ReadonlyMap<string, CloudEvent>;
  /** Messages whose signature was not right. */
  readonly forged: number;
  /** Nobody answers at its port until `open` is called. */
  close(): Promise<void>;
  open(): Promise<void>;
}

export async function createReceiver(): Promise<Receiver> {
  const messages: CloudEvent[] = [];
  const taken = new Map<string, CloudEvent>();
  let server: Server | undefined;
  let port = 0;
  let forged = 0;

  async function open(): Promise<void> {
    server = createServer(async (request, response) => {
      let body = '';
      try {
        for await (const chunk of request) body += chunk;
      } catch {
        return;
      }
      const headers = request.headers as Record<string, string>;
      const known = receiver.secrets.some(secret => {
        try {
          new Webhook(secret).verify(body, headers);
          return true;
        } catch {
          return false;
        }
      });
      if (!known) forged++;
      const event = JSON.parse(body) as CloudEvent;
      messages.push(event);
      response.on('finish', () => {
        const ok = response.statusCode >= 200 && response.statusCode < 300;
        if (ok && !taken.has(event.id)) taken.set(event.id, event);
      });
      receiver.answer(response, event);
    });
    await once(server.listen(port, '127.0.0.1'), 'listening');
    port = (server.address() as AddressInfo).port;
  }

  const receiver: Receiver = {
    get url() {
      return `http://127.0.0.1:${port}/events`;
    },
    secrets: [],
    answer: response => void response.writeHead(204).end(),
    messages,
    taken,
    get forged() {
      return forged;
    },
    open,
    close: async () => {
      const closing = server;
      server = undefined;
      if (!closing) return;
      const closed = once(closing.close(), 'close');
      closing.closeAllConnections();
      await closed;
    },
  };
  await open();
  return receiver;
}

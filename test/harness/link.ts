/** A TCP link between two processes that can be cut, left half open, and healed. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Link {
  readonly port: number;
  /** `http://…`, for clients that want a URL. */
  readonly url: string;
  /** Break every connection and refuse new ones. */
  cut(): void;
  /** Half open: connections stay, new ones are accepted, nothing gets through in either direction. */
  hang(): void;
  /** Requests arrive, answers do not. */
  blockAnswers(): void;
  /** Answers arrive, requests do not. */
  blockRequests(): void;
  /** Everything arrives so much later, in each direction; 0 ends that. */
  delay(ms: number): void;
  /** Lead to another port from now on; connections to the one before break. */
  retarget(port: number): void;
  /** As new. Connections that hung are broken: what they held back is lost, as on a real link. */
  heal(): void;
  close(): Promise<void>;
}

/** `requests`: only they pass; `answers` likewise. */
type State = 'open' | 'cut' | 'hung' | 'requests' | 'answers';

/** `tap` is given every answer that passes. */
export async function createLink(
  targetPort: number,
  targetHost = '127.0.0.1',
  tap: (answer: Buffer) => void = () => {},
): Promise<Link> {
  const sockets = new Set<Socket>();
  let target = targetPort;
  let state: State = 'open';
  let delayMs = 0;

  const forward = (from: Socket, to: Socket, isAnswer: boolean) => {
    from.on('data', (data: Buffer) => {
      const passes = state === 'open' || state === (isAnswer ? 'answers' : 'requests');
      if (!passes || to.destroyed) return;
      if (isAnswer) tap(data);
      // Timers of one length run in the order that they were set in.
      if (delayMs > 0) setTimeout(() => to.destroyed || to.write(data), delayMs);
      else to.write(data);
    });
    from.on('error', () => from.destroy());
    from.on('close', () => {
      sockets.delete(from);
      // A half-open link does not tell the other side either.
      if (state !== 'hung') to.destroy();
    });
  };

  const server = createServer(inbound => {
    if (state === 'cut') return void inbound.destroy();
    const outbound = connect(target, targetHost);
    for (const socket of [inbound, outbound]) {
      socket.setNoDelay(true);
      sockets.add(socket);
    }
    forward(inbound, outbound, false);
    forward(outbound, inbound, true);
  });
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    cut: () => {
      state = 'cut';
      breakAll();
    },
    hang: () => {
      state = 'hung';
    },
    blockAnswers: () => {
      state = 'requests';
    },
    blockRequests: () => {
      state = 'answers';
    },
    delay: ms => {
      delayMs = ms;
    },
    retarget: next => {
      target = next;
      breakAll();
    },
    heal: () => {
      if (state !== 'open') breakAll();
      state = 'open';
    },
    close: async () => {
      breakAll();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

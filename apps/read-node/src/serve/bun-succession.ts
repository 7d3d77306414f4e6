/**
 * One Bun server after the other on the same port. Bun reads certificates when a server is made and never again
 * (`reload` leaves them as they are, in 1.4.5): one that has the renewed ones takes the port over.
 */

/** What is needed of Bun's. */
interface Stoppable {
  readonly port?: number | undefined;
  /** Take no more connections, end the idle ones, and resolve when the others have ended; `true`: break them. */
  stop(now?: boolean): Promise<void>;
}

export interface Succession<Server> {
  readonly current: Server;
  /** Open another in place of the present one. @throws whatever is in the way: then the present one stays */
  succeed(): void;
  /** End all of them, and break what has not ended after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * For so long both have the port. Each answer of the one that leaves ends its connection, so that when its time is
 * over those which are cut are idle, or in the middle of a handshake.
 */
const HAND_OVER_MS = 5_000;

/** @param open another server at this port, which it must share */
export function createSuccession<Server extends Stoppable>(
  port: number,
  open: (port: number) => Server,
): Succession<Server> {
  let current = open(port);
  /** With what ends its time; their streams go on for as long as they last. */
  const leaving = new Map<Server, NodeJS.Timeout>();
  const stop = (server: Server) => void server.stop().then(() => leaving.delete(server));

  return {
    get current() {
      return current;
    },
    succeed: () => {
      const before = current;
      current = open(before.port!);
      leaving.set(
        before,
        setTimeout(() => stop(before), HAND_OVER_MS),
      );
    },
    close: async graceMs => {
      const all = [...leaving.keys(), current];
      for (const timer of leaving.values()) clearTimeout(timer);
      const insist = setTimeout(() => {
        for (const each of all) void each.stop(true);
      }, graceMs);
      await Promise.all(all.map(each => each.stop()));
      clearTimeout(insist);
    },
  };
}

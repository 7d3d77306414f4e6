/** A service's configuration in its own memory: kept up to date by a node, and there when no node is. */
import { createAcks } from './acks.ts';
import { followNodes } from './follow/follow-nodes.ts';
import type { Bookmark, Frame, Json, Position } from './follow/wire.ts';
import { callOut } from './listeners.ts';
import { onAbort } from './on-abort.ts';
import type { ConfigError } from './refusal.ts';
import { createRequester, type Fetch, type Token, type Topic } from './request.ts';
import { readSecret } from './secret.ts';
import { type Applied, type Change, createSettings, type Refused } from './settings.ts';
import { createAge } from './state/age.ts';
import { createKeeper, type StateStore } from './state/keeper.ts';
import { createSeen } from './state/seen.ts';
import type { Values } from './state/state.ts';

export interface ConfigClientOptions<T = Values> extends Topic {
  /** Base URLs of nodes, the nearest first: the next is asked where one does not answer. */
  readonly nodes: readonly string[];
  readonly token?: Token;
  /** A name to be known by, in `qvc instances` and `qvc propagation`. @default one by chance */
  readonly instanceId?: string;
  /**
   * Makes of the values what the program works with. Where it throws, the state is not used, the one from before stays,
   * and the centre is told of the refusal, with the error's message. @default the values as they are
   */
  readonly parse?: (values: Values) => T;
  /** Keeps the newest state that could be used, for a start while no node is to be had. */
  readonly stateStore?: StateStore;
  /** Told why it is not up to date: each time that a stream breaks off or none begins, and of each refusal. */
  readonly onTrouble?: (why: ConfigError | Refused | Error) => void;
  /** A stream on which nothing comes for so long is given up; nodes say something every two seconds. @default 10_000 */
  readonly silenceMs?: number;
  /** How long a node may take to begin its answer. @default 10_000 */
  readonly requestTimeoutMs?: number;
  /** @default the global one */
  readonly fetch?: Fetch;
}

export interface ConfigStatus {
  /** The node whose stream is open. */
  readonly node: string | undefined;
  /** The newest state that was told of, used or not. */
  readonly seen: Bookmark | undefined;
  /** How long ago that was known to be all there is; `undefined` where nobody has said. */
  readonly ageMs: number | undefined;
  /** Why the newest state is not used. */
  readonly refused: Refused | undefined;
  /** Why no stream is open. */
  readonly trouble: ConfigError | undefined;
}

export interface ConfigClient<T = Values> extends Disposable {
  /** What the program runs on, of one state of the store. @throws Error before {@link ready} */
  readonly settings: T;
  /** The same, with the values and the revision that it is of. @throws Error before {@link ready} */
  readonly applied: Applied<T>;
  readonly status: ConfigStatus;
  /** Resolves when there are settings, be they aged. @throws Error at the limit, which says what is in the way */
  ready(timeoutMs?: number): Promise<void>;
  /** Told of each change from now on, after it was made. @returns what takes it back */
  onChange(listener: (change: Change<T>) => void): () => void;
  /** Told of each change of one key; `undefined` for no value. @returns what takes it back */
  onKey(key: string, listener: (value: Json | undefined, before: Json | undefined) => void): () => void;
  /**
   * A secret, from a node: it is in no stream, and is kept nowhere here. No older than the newest state that was seen.
   * @throws ConfigError `configuration_not_found`, `forbidden`, `confidential` …; `unreachable` where no node answers
   */
  secret(key: string): Promise<Json>;
  /** Follow no more. What it holds stays. */
  close(): void;
}

const READY_LIMIT_MS = 30_000;

/** Follow a service, or a whole environment, until {@link ConfigClient.close}. */
export function createConfigClient<T = Values>(options: ConfigClientOptions<T>): ConfigClient<T> {
  const { service, prefix, stateStore, silenceMs = 10_000, requestTimeoutMs = 10_000 } = options;
  const { instanceId = crypto.randomUUID(), parse = values => values as T } = options;
  const topic: Topic = { environment: options.environment.toUpperCase(), service, prefix };
  const nodes = options.nodes.map(url => url.replace(/\/+$/, ''));
  if (nodes.length === 0) throw new TypeError('nodes: at least one is needed');
  const now = () => performance.now();
  const ending = new AbortController();
  const requester = createRequester(options.fetch ?? fetch, options.token, requestTimeoutMs);
  const acks = createAcks(requester, topic, instanceId, ending.signal);
  const age = createAge(now);
  const seen = createSeen(age, now);
  const settings = createSettings(parse);
  const keeper = stateStore && createKeeper(stateStore, topic, age.ms, error => onTrouble(error as Error));
  const onTrouble = (why: ConfigError | Refused | Error) =>
    options.onTrouble && callOut(options.onTrouble, why);
  let node: string | undefined;
  let trouble: ConfigError | undefined;
  /** Whether this node knows what could be used: it forgets that with the stream. */
  let told = false;

  function take(frame: Frame, from: string): void {
    const before = seen.state;
    const state = seen.take(frame, from);
    if (frame.type === 'reset') return;
    settings.take(state, frame.type === 'update' ? frame.updates : []);
    const { refused } = settings;
    if (!refused) keeper?.keep(state);
    const isNews = state.entries !== before?.entries;
    if (isNews && refused) onTrouble(refused);
    if (isNews || !told) {
      const verdict = refused ? { applied: false, error: refused.error } : { applied: true };
      acks.tell(from, { revision: state.revision, ...verdict });
      told = true;
    }
  }

  async function restore(): Promise<void> {
    const kept = await keeper?.load();
    if (!kept || ending.signal.aborted) return;
    seen.restore(kept.state);
    if (kept.ageMs !== undefined) age.heard(kept.ageMs);
    settings.take(kept.state, []);
  }

  async function run(): Promise<void> {
    await restore().catch(onTrouble);
    const onOpen = (opened: string, position: Position | undefined) => {
      seen.opened(position);
      node = opened;
      trouble = undefined;
      told = false;
    };
    const onEnd = (why: ConfigError | undefined) => {
      node = undefined;
      trouble = why;
      if (why) onTrouble(why);
    };
    const since = () => seen.state;
    await followNodes(
      { nodes, topic, instanceId, requester, silenceMs, since, onOpen, onFrame: take, onEnd, now },
      ending.signal,
    );
  }
  void run();

  const applied = () => {
    if (!settings.applied) throw new Error('there are no settings yet: await ready() first');
    return settings.applied;
  };
  return {
    get settings() {
      return applied().settings;
    },
    get applied() {
      return applied();
    },
    get status() {
      const { state } = seen;
      const bookmark = state && { generation: state.generation, revision: state.revision };
      return { node, seen: bookmark, ageMs: age.ms(), refused: settings.refused, trouble };
    },
    ready: (timeoutMs = READY_LIMIT_MS) =>
      new Promise((resolve, reject) => {
        if (settings.applied) return resolve();
        const done = (error?: Error) => {
          clearTimeout(timer);
          forget();
          stopListening();
          if (error) reject(error);
          else resolve();
        };
        const late = () => {
          const why = settings.refused?.error ?? trouble?.message ?? 'no node has answered yet';
          done(new Error(`no settings after ${timeoutMs} ms: ${why}`, { cause: trouble }));
        };
        const timer = setTimeout(late, timeoutMs);
        const forget = settings.onChange(() => done());
        let stopListening = () => {};
        stopListening = onAbort(ending.signal, () => done(new Error('closed before there were settings')));
      }),
    onChange: settings.onChange,
    onKey: (key, listener) =>
      settings.onChange(({ keys, values, previous }) => {
        if (keys.includes(key)) listener(values[key], previous?.values[key]);
      }),
    secret: key => {
      const inOrder = node === undefined ? nodes : [node, ...nodes.filter(each => each !== node)];
      return readSecret(requester, inOrder, topic, key, seen.state?.revision);
    },
    close: () => ending.abort(),
    [Symbol.dispose]: () => ending.abort(),
  };
}

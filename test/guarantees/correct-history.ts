/** Arbitrary histories in which every guarantee holds: what the checks must accept, and faults are planted in. */
import type { AppliedUpdate, Configuration, WatchFrame } from '@quantivista/contracts';
import fc from 'fast-check';
import type {
  History,
  IntendedChange,
  NodeLife,
  StoreRevision,
  Topic,
  WatchEvent,
  Watcher,
  Write,
} from './history.ts';
import { newestSeen, topicName } from './history.ts';

export const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
export const OTHER_GENERATION = '0c7a1c55-3f0d-4f43-8a0e-2f6d3b1c9e77';
const TOPICS: readonly Topic[] = [
  { environment: 'PRODUCTION', service: 'pricing' },
  { environment: 'PRODUCTION', service: 'risk' },
];
const NODES = ['east-1', 'east-2', 'west-1'];

type Records = Record<string, Configuration>;
interface Step {
  readonly revision: number;
  readonly updates: ReadonlyMap<string, AppliedUpdate[]>;
  /** Records of each topic after this revision. */
  readonly states: ReadonlyMap<string, Records>;
}

const plannedChange = fc.record({
  topic: fc.nat(1),
  key: fc.nat(3),
  to: fc.constantFrom('value', 'value', 'value', 'nothing', 'version'),
});
const transactions = fc.array(fc.array(plannedChange, { minLength: 2, maxLength: 6 }), {
  minLength: 12,
  maxLength: 25,
});
const turns = fc.array(fc.constantFrom('go', 'go', 'go', 'beat', 'cut', 'cut', 'reset'), {
  minLength: 60,
  maxLength: 60,
});
type Turn = 'go' | 'beat' | 'cut' | 'reset';

/** What to do in a history of two services, three watchers that are cut off now and then, two lives of a node. */
export const historyPlan = fc.record({ transactions, watchers: fc.tuple(turns, turns, turns) });
export type HistoryPlan = typeof historyPlan extends fc.Arbitrary<infer Plan> ? Plan : never;

/** The history of a plan. Every guarantee holds in it. */
export function correctHistory(plan: HistoryPlan): History {
  const { store, writes, steps } = commitAll(plan.transactions);
  const watchers = plan.watchers.map((each, n) => watch(`watcher-${n}`, TOPICS[n % 2]!, steps, each));
  return { generation: GENERATION, store, writes, watchers, lives: [1, 2].map(life => readAll(life, steps)) };
}

type Planned = readonly { topic: number; key: number; to: IntendedChange['to'] }[];

/** Commits each transaction as one write, with a revision of the heartbeat after every other. */
function commitAll(plan: readonly Planned[]) {
  const store: StoreRevision[] = [];
  const steps: Step[] = [];
  const writes: Write[] = [];
  const states = new Map<string, Records>(TOPICS.map(topic => [topicName(topic), {}]));
  const pasts = new Map<string, (Configuration | undefined)[]>();
  let revision = 1;

  for (const [index, changes] of plan.entries()) {
    const id = `write-${index}`;
    const intended: IntendedChange[] = [];
    const stored: { key: string; value: string | undefined }[] = [];
    const updates = new Map<string, AppliedUpdate[]>();
    revision++;
    for (const { topic: number, key: at, to: wish } of changes) {
      const topic = TOPICS[number]!;
      const name = topicName(topic);
      const key = `key-${at}`;
      if (intended.some(each => each.service === topic.service && each.key === key)) continue;
      const past = pasts.get(`${name}/${key}`) ?? [];
      pasts.set(`${name}/${key}`, past);
      const before = past.at(-1);
      const restored = past.findIndex(Boolean);
      const to = (wish === 'nothing' && !before) || (wish === 'version' && restored < 0) ? 'value' : wish;
      const change = { ...topic, key };
      if (to === 'value') intended.push({ ...change, to, value: { by: id, at } });
      else if (to === 'version') intended.push({ ...change, to, version: restored + 1 });
      else intended.push({ ...change, to });
      const value = to === 'version' ? past[restored]!.config_value : { by: id, at };
      const now = to === 'nothing' ? undefined : record(topic, key, value, past.length + 1);
      past.push(now);
      stored.push({
        key: `/quantivista/production/${topic.service}/${key}`,
        value: now && JSON.stringify(now),
      });
      const { [key]: _, ...rest } = states.get(name)!;
      states.set(name, now ? { ...rest, [key]: now } : rest);
      updates.set(name, [...(updates.get(name) ?? []), applied(key, before, now, past.length, id)]);
    }
    store.push({ revision, changes: [...stored, { key: '/quantivista/_commit', value: note(id) }] });
    steps.push({ revision, updates, states: new Map(states) });
    const sentAt = revision * 10;
    const outcome =
      index % 5 === 4 ? { kind: 'unknown' as const } : { kind: 'acknowledged' as const, revision };
    writes.push({ id, changes: intended, outcome, sentAt, answeredAt: sentAt + 5 });
    writes.push({
      id: `${id}-refused`,
      changes: intended,
      outcome: { kind: 'refused' },
      sentAt,
      answeredAt: sentAt,
    });
    if (index % 2 === 0) continue;
    revision++;
    store.push({ revision, changes: [{ key: '/quantivista/_heartbeat', value: '{}' }] });
    steps.push({ revision, updates: new Map(), states: new Map(states) });
  }
  return { store, writes, steps };
}

function watch(id: string, topic: Topic, steps: readonly Step[], turns: readonly Turn[]): Watcher {
  const events: WatchEvent[] = [];
  let connects = 0;
  const frame = (body: object, revision: number) => {
    const head = {
      generation: GENERATION,
      revision,
      environment: topic.environment,
      service_name: topic.service,
    };
    const node = NODES[connects % NODES.length]!;
    events.push({ kind: 'frame', node, frame: { ...head, ...body } as WatchFrame, at: revision });
  };
  const connect = () => {
    const revision = newestSeen(events);
    const since = revision < 0 ? undefined : { generation: GENERATION, revision };
    events.push({ kind: 'connect', node: NODES[++connects % NODES.length]!, since });
  };
  const snapshot = (step: Step) => {
    frame({ type: 'snapshot', configurations: step.states.get(topicName(topic)) }, step.revision);
  };

  connect();
  snapshot(steps[0]!);
  for (const [index, step] of steps.slice(1).entries()) {
    const turn = turns[index % turns.length]!;
    if (turn !== 'go' && turn !== 'beat') connect();
    if (turn === 'reset') {
      frame({ type: 'reset', reason: 'compacted' }, step.revision);
      snapshot(step);
      continue;
    }
    const updates = step.updates.get(topicName(topic));
    if (updates) frame({ type: 'update', updates }, step.revision);
    if (turn === 'beat' || !updates)
      frame({ type: 'heartbeat', age: 1, state: 'FRESH', reconnect_window_ms: 1_000 }, step.revision);
  }
  return { id, topic, events };
}

function readAll(life: number, steps: readonly Step[]): NodeLife {
  const reads = steps
    .filter((_, index) => index % 2 === life % 2)
    .map(({ revision, states }, index) => {
      const topic = TOPICS[index % 2]!;
      const records = Object.entries(states.get(topicName(topic))!);
      const map = Object.fromEntries(records.map(([key, record]) => [key, record.config_value]));
      return { topic, generation: GENERATION, revision, map };
    });
  return { node: NODES[0]!, life, reads };
}

const note = (id: string): string =>
  JSON.stringify({ id: `operation of ${id}`, updated_by: 'writer', reason: id, rollback_available: true });

const record = (
  topic: Topic,
  key: string,
  value: Configuration['config_value'],
  version: number,
): Configuration => ({
  config_key: key,
  config_value: value,
  config_type: 'APPLICATION_CONFIG',
  environment: topic.environment,
  service_name: topic.service,
  description: '',
  is_encrypted: false,
  version,
  created_at: '2026-11-24T10:00:00.000Z',
  updated_at: '2026-11-24T10:00:00.000Z',
  updated_by: 'writer',
});

const applied = (
  key: string,
  before: Configuration | undefined,
  now: Configuration | undefined,
  version: number,
  reason: string,
): AppliedUpdate => ({
  config_key: key,
  old_value: before?.config_value ?? null,
  new_value: now?.config_value ?? null,
  deleted: !now,
  updated_by: 'writer',
  reason,
  rollback_available: true,
  version,
});

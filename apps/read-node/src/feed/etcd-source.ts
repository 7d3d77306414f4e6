/** etcd as a source: what the region's environments have no part in is dropped before it goes anywhere. */
import { DISTRIBUTED_PREFIX, GENERATION_KEY, type Scope } from '@quantivista/contracts';
import type { Etcd, RevisionEvents } from '@quantivista/etcd';
import type { Source } from './source.ts';

/** Revisions that change nothing here are passed on at most so often: they carry nothing but their number. */
const ADVANCE_MS = 20;

export function createEtcdSource(etcd: Etcd, scope: Scope): Source {
  return {
    name: 'etcd',
    generation: async () => (await etcd.read([GENERATION_KEY])).entries[0]?.value,
    list: async revision => {
      const listed = await etcd.list({
        prefix: DISTRIBUTED_PREFIX,
        ...(revision !== undefined && { revision }),
      });
      return listed.kind === 'listed' ? { ...listed, entries: [...scope.state(listed.entries)] } : listed;
    },
    watch: ({ from, onRevision }) => {
      const narrowed = narrow(scope, onRevision);
      const watch = etcd.watch({ prefix: DISTRIBUTED_PREFIX, from, onRevision: narrowed.take });
      return {
        ended: watch.ended,
        close: () => {
          narrowed.close();
          watch.close();
        },
      };
    },
  };
}

/** Passes on what `scope` holds of each revision; of those of which it holds nothing, now and then the newest. */
export function narrow(scope: Scope, onRevision: (events: RevisionEvents) => void) {
  let passedOver: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const settle = () => {
    clearTimeout(timer);
    timer = undefined;
    passedOver = undefined;
  };
  return {
    take: ({ revision, events }: RevisionEvents) => {
      const held = scope.changes(events);
      if (held.length > 0) {
        settle();
        return onRevision({ revision, events: held });
      }
      passedOver = revision;
      timer ??= setTimeout(() => {
        const newest = passedOver!;
        settle();
        onRevision({ revision: newest, events: [] });
      }, ADVANCE_MS);
    },
    close: settle,
  };
}

/** Which clients can't use what they were told, by what the regions report. Pure. */
import type { Bookmark, ClientWord, NodeReport, RegionReport } from '@quantivista/contracts';

export interface Refusal {
  /** As it named itself; undefined for one that the report does not name. */
  readonly instance: string | undefined;
  readonly region: string;
  readonly reason: string | undefined;
}

/** A service, or all of an environment: `PRODUCTION/risk_engine`, `PRODUCTION/*`. */
type Topics = ReadonlySet<string>;

/** All that are told of a change of these services. */
export const topicsOf = (
  paths: readonly { readonly environment: string; readonly service: string }[],
): Topics =>
  new Set(paths.flatMap(({ environment, service }) => [`${environment}/${service}`, `${environment}/*`]));

function* wordsAbout({ audiences }: NodeReport, topics: Topics): Generator<[string, ClientWord]> {
  for (const [topic, { instance_ids, words }] of Object.entries(audiences)) {
    if (!topics.has(topic)) continue;
    for (const [index, word] of words?.entries() ?? []) if (word) yield [instance_ids[index]!, word];
  }
}

/** Instances that can't use the newest state that they spoke of, with its revision. */
export function refusingNow(reports: readonly RegionReport[], topics: Topics): Map<string, number> {
  const refusing = new Map<string, number>();
  for (const { nodes } of reports)
    for (const node of nodes)
      for (const [instance, { acked = -1, refused = -1 }] of wordsAbout(node, topics))
        if (refused > acked) refusing.set(instance, refused);
  return refusing;
}

/**
 * Who refused a revision, or one after it without having used any since.
 * @param except by their names, unless they have used one after the revision beside
 */
export function refusalsOf(
  reports: readonly RegionReport[],
  topics: Topics,
  { generation, revision }: Bookmark,
  except: ReadonlyMap<string, number>,
): Refusal[] {
  const refusals: Refusal[] = [];
  for (const { region, nodes } of reports) {
    for (const node of nodes) {
      if (node.generation !== generation) continue;
      let named = 0;
      for (const [instance, { acked = -1, refused = -1, reason }] of wordsAbout(node, topics)) {
        if (refused < revision || acked >= revision) continue;
        named++;
        // What was known of them then may have been a moment old.
        if (acked > (except.get(instance) ?? -1) || !except.has(instance))
          refusals.push({ instance, region, reason });
      }
      // Lists of instances may be cut short, and clients need not name themselves: they are counted all the same.
      const receipt = node.receipts.find(each => each.revision === revision);
      if (receipt && receipt.refused > named)
        refusals.push({ instance: undefined, region, reason: receipt.reasons?.[0] });
    }
  }
  return refusals;
}

const NAMED = 5;
const MOST_LETTERS = 1_000;

/** In a sentence, for the trail. */
export function describeRefusals(refusals: readonly Refusal[]): string {
  const each = refusals
    .slice(0, NAMED)
    .map(
      ({ instance = 'a client', region, reason }) => `${instance} in ${region}${reason ? `: ${reason}` : ''}`,
    );
  const more = refusals.length > NAMED ? `, and ${refusals.length - NAMED} more` : '';
  return `refused by ${each.join(', ')}${more}`.slice(0, MOST_LETTERS).toWellFormed();
}

/** All flags for one context. */
import { OFREP_EVENTS_PATH, type OfrepEventStream } from '@quantivista/contracts';
import { evaluationError } from '@quantivista/flags';
import { emptyDigest, fold, formatDigest } from '@quantivista/snapshot';
import type { Reader } from '../../reader.ts';
import type { Evaluator, OwnContext } from '../evaluator.ts';
import type { FlagsOfState } from '../held-flags.ts';
import { contextDigest } from './context-digest.ts';
import type { Envelopes } from './envelopes.ts';
import { issueTicket, ticketExpiry } from './tickets.ts';

export interface BulkAnswer {
  /**
   * Strong: of what the flags answer, of the whole context, and of the ticket's end. The same at every node. What is
   * not changed in between keeps its tag, and a client that has it is sent a new ticket in time.
   */
  readonly tag: string;
  /** JSON, made when it is asked for. */
  body(): string;
}

export interface BulkOptions {
  readonly evaluator: Evaluator;
  readonly envelopes: Envelopes;
  /** Whether everyone may read: then the stream takes no ticket. */
  readonly isOpen: boolean;
}

const INACTIVITY_S = 120;

export type Bulk = (
  state: FlagsOfState,
  generation: string,
  context: OwnContext,
  reader: Reader,
) => BulkAnswer;

export const createBulk =
  ({ evaluator, envelopes, isOpen }: BulkOptions): Bulk =>
  (state, generation, context, reader) => {
    const texts: string[] = [];
    const digest = emptyDigest();
    const add = (...[name, evaluation]: Parameters<Envelopes['of']>) => {
      const envelope = envelopes.of(name, evaluation);
      texts.push(envelope.text);
      fold(digest, envelope.digest, 1);
    };
    for (const [name, evaluation] of evaluator.all(state, context, reader)) add(name, evaluation);
    for (const [name, fault] of state.set.unreadable) add(name, evaluationError('PARSE_ERROR', fault));
    const ofContext = contextDigest(context);
    const expiresS = ticketExpiry(Date.now(), ofContext);
    const { tokenHash } = reader;
    return {
      tag: `"${generation.slice(0, 8)}.${formatDigest(digest)}.${ofContext.toString(36)}.${expiresS.toString(36)}"`,
      body: () => {
        const flags = `{"flags":[${texts.join(',')}],"metadata":{}`;
        // Nothing signs a ticket for a bearer of another's token: it is left to ask now and then.
        if (tokenHash === undefined && !isOpen) return `${flags}}`;
        const token = tokenHash === undefined ? '' : `?token=${issueTicket(tokenHash, expiresS)}`;
        const stream: OfrepEventStream = {
          type: 'sse',
          endpoint: { requestUri: OFREP_EVENTS_PATH + token },
          inactivityDelaySec: INACTIVITY_S,
        };
        return `${flags},"eventStreams":[${JSON.stringify(stream)}]}`;
      },
    };
  };

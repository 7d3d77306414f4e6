/**
 * What a call says of its change besides what is to change: whether the glass is broken, when it is to happen,
 * whether it is on trial. It holds of any write, so the routes do not pass it on: the writer finds it with the call
 * that it works for.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { CallHeaders, fieldFault, parseRequest } from '@quantivista/contracts';
import type { Authorize } from './write/request.ts';

export interface Call {
  readonly breakGlass: boolean;
  /** ISO 8601, in UTC. */
  readonly applyAt: string | undefined;
  /** How long the change is on trial, in seconds. */
  readonly trialS?: number | undefined;
  /** Told of the proposal that a trial has begun with. */
  readonly onTrial?: (proposalId: string) => void;
  /** Whether its caller may change a record so; absent where no caller asked for it. */
  readonly authorize?: Authorize;
  /** Whether its caller may break the glass for it. */
  readonly authorizeBreaking?: Authorize;
}

export interface Calls {
  run<T>(call: Call, work: () => Promise<T>): Promise<T>;
  /** Of the call under way; of work that no call began, one that says nothing. */
  current(): Call;
}

const SILENT: Call = { breakGlass: false, applyAt: undefined };
const CALL_HEADERS = Object.keys(CallHeaders.shape);

export function createCalls(): Calls {
  const storage = new AsyncLocalStorage<Call>();
  return {
    run: (call, work) => storage.run(call, work),
    current: () => storage.getStore() ?? SILENT,
  };
}

/** @throws ServiceError `invalid_request` */
export function parseCall(header: (name: string) => string | undefined, nowMs = Date.now()): Call {
  const given = Object.fromEntries(CALL_HEADERS.map(name => [name, header(name)]));
  if (CALL_HEADERS.every(name => given[name] === undefined)) return SILENT;
  const headers = parseRequest(CallHeaders, given, 'header');
  const breakGlass = headers['x-config-break-glass'] === 'true';
  const applyAt = headers['x-config-apply-at'];
  if (applyAt !== undefined) requireFuture(applyAt, 'header.x-config-apply-at', nowMs);
  if (breakGlass && applyAt !== undefined) {
    throw fieldFault('header.x-config-apply-at', 'glass is broken at once, not at a time');
  }
  return { breakGlass, applyAt, trialS: headers['x-config-trial'] };
}

/** @throws ServiceError `invalid_request` */
export function requireFuture(time: string, field: string, nowMs = Date.now()): void {
  if (Date.parse(time) <= nowMs) throw fieldFault(field, 'is past by the clock of the authority');
}

/** Structured logs (pino, JSON lines on stdout). Credentials and values never reach them: redact.ts says which. */
import process from 'node:process';
import { type DestinationStream, pino } from 'pino';
import { redactFields, redactText } from './redact.ts';

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A logger whose every line names the `app`. Errors stand in the field `err`. @param to stdout, unless given */
export const createLog = (app: string, level: string, fields: object = {}, to?: DestinationStream): Log =>
  pino(
    {
      level,
      base: { app, ...fields },
      formatters: { log: line => redactFields(line) as Record<string, unknown> },
      // pino's own would tell all that hangs onto an error.
      serializers: { err: told => told },
      // The whole line, last of all: whatever came into it by whatever way.
      hooks: { streamWrite: redactText },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    to ?? pino.destination({ fd: process.stdout.fd, sync: true }),
  );

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * An error that nobody caught ends the process, and is told as a line of the log: left to the runtime it would be
 * printed with all that hangs onto it.
 */
export function logCrashes(log: Log): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.error({ err: error, event }, 'the process ends: an error was not caught');
      process.exit(1);
    });
  }
}

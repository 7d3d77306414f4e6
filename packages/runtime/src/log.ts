/** Structured logs (pino, JSON lines on stdout). Tokens never reach them. */
import { pino } from 'pino';

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A logger whose every line names the `app`; `authorization` and `token` fields are censored. */
export const createLog = (app: string, level: string, fields: object = {}): Log =>
  pino({
    level,
    base: { app, ...fields },
    redact: { paths: ['authorization', 'token', '*.authorization', '*.token'], censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  });

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

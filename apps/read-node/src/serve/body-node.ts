/** A request's body on Node. */
import type { IncomingMessage } from 'node:http';
import { type Bodies, brokenOff, tooLarge, tooSlow } from './bodies.ts';

/** @throws ServiceError `too_large`, `overloaded`, `body_too_slow`, `invalid_json` where it breaks off */
export function readNodeBody(request: IncomingMessage, bodies: Bodies): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const fail = (error: Error) => {
      end();
      // What still comes is not kept.
      request.removeAllListeners('data');
      request.pause();
      reject(error);
    };
    const length = request.headers['content-length'] ?? null;
    const isEmpty = length === null && request.headers['transfer-encoding'] === undefined;
    const end = bodies.begin(isEmpty ? '0' : length, () => fail(tooSlow()));
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bodies.patienceBytes) fail(tooLarge(bodies.maxBytes));
      if (bytes <= bodies.maxBytes) chunks.push(chunk);
    });
    request.on('end', () => {
      if (bytes > bodies.maxBytes) return fail(tooLarge(bodies.maxBytes));
      end();
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    // A connection that breaks comes here too.
    request.on('error', error => fail(brokenOff(error)));
  });
}

/** A request's body on Bun. */
import { type Bodies, brokenOff, tooLarge, tooSlow } from './bodies.ts';

/** @throws ServiceError `too_large`, `overloaded`, `body_too_slow`, `invalid_json` where it breaks off */
export function readBunBody(request: Request, bodies: Bodies): Promise<Buffer> {
  const length = request.headers.get('content-length');
  const isEmpty = length === null && request.headers.get('transfer-encoding') === null;
  const isSmall = length !== null && Number(length) <= bodies.maxBytes;
  // By hand: a race of promises would cost as much as reading a small body.
  return new Promise((resolve, reject) => {
    if (isEmpty) return resolve(Buffer.alloc(0));
    const end = bodies.begin(length, () => reject(tooSlow()));
    const take = (body: Buffer) => {
      end();
      resolve(body);
    };
    const fail = (error: unknown) => {
      end();
      reject(error);
    };
    // A body that is looked at as a stream is read as one, which takes several times as long.
    if (isSmall)
      request.arrayBuffer().then(
        bytes => take(Buffer.from(bytes)),
        error => fail(brokenOff(error)),
      );
    else readChunks(request, bodies).then(take, fail);
  });
}

/** Of one that is too large, or does not say how long it is. */
async function readChunks({ body }: Request, { maxBytes, patienceBytes }: Bodies): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body!) {
      bytes += chunk.length;
      if (bytes > patienceBytes) break;
      if (bytes <= maxBytes) chunks.push(chunk);
    }
  } catch (error) {
    throw brokenOff(error);
  }
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  return Buffer.concat(chunks);
}

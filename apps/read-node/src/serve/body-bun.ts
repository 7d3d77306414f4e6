/** A request's body on Bun. */
import { type Bodies, brokenOff, tooLarge, tooSlow } from './bodies.ts';

/** @throws ServiceError `too_large`, `overloaded`, `body_too_slow`, `invalid_json` where it breaks off */
export async function readBunBody(request: Request, bodies: Bodies): Promise<Buffer> {
  if (request.body === null) return Buffer.alloc(0);
  const length = request.headers.get('content-length');
  const isSmall = length !== null && Number(length) <= bodies.maxBytes;
  const late = Promise.withResolvers<never>();
  const end = bodies.begin(length, () => late.reject(tooSlow()));
  try {
    return await Promise.race([isSmall ? readWhole(request) : readChunks(request, bodies), late.promise]);
  } finally {
    end();
  }
}

async function readWhole(request: Request): Promise<Buffer> {
  try {
    return Buffer.from(await request.arrayBuffer());
  } catch (error) {
    throw brokenOff(error);
  }
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

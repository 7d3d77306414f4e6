/** murmur3_x86_32, seed 0, over UTF-8: what the Java, Go and Python implementations of flagd bucket by. */

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;
const encoder = new TextEncoder();

const scramble = (word: number): number => {
  const product = Math.imul(word, C1);
  return Math.imul((product << 15) | (product >>> 17), C2);
};

const mix = (hash: number, word: number): number => {
  const mixed = hash ^ scramble(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
};

const finish = (hash: number, length: number): number => {
  let result = hash ^ length;
  result = Math.imul(result ^ (result >>> 16), 0x85ebca6b);
  result = Math.imul(result ^ (result >>> 13), 0xc2b2ae35);
  return (result ^ (result >>> 16)) >>> 0;
};

/** Whether the text's UTF-8 is its code units. */
function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** Hash of the text's UTF-8 bytes, 0 … 2^32 − 1. Half of a surrogate pair is hashed as U+FFFD. */
export function murmur3(text: string): number {
  return isAscii(text) ? hashAscii(text) : hashBytes(encoder.encode(text));
}

function hashAscii(text: string): number {
  const length = text.length;
  const whole = length & ~3;
  let hash = 0;
  for (let index = 0; index < whole; index += 4) {
    const word =
      text.charCodeAt(index) |
      (text.charCodeAt(index + 1) << 8) |
      (text.charCodeAt(index + 2) << 16) |
      (text.charCodeAt(index + 3) << 24);
    hash = mix(hash, word);
  }
  let tail = 0;
  for (let index = length - 1; index >= whole; index--) tail = (tail << 8) | text.charCodeAt(index);
  return finish(hash ^ scramble(tail), length);
}

function hashBytes(bytes: Uint8Array): number {
  const length = bytes.length;
  const whole = length & ~3;
  let hash = 0;
  for (let index = 0; index < whole; index += 4) {
    const word =
      bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24);
    hash = mix(hash, word);
  }
  let tail = 0;
  for (let index = length - 1; index >= whole; index--) tail = (tail << 8) | bytes[index]!;
  return finish(hash ^ scramble(tail), length);
}

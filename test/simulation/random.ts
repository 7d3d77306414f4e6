/** Randomness that a seed repeats, quick enough for a draw for each of 10^8 clients. */

export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Lognormal: half of the draws are below `median`; `sigma` is the spread of their logarithm. */
  lognormal(median: number, sigma: number): number;
  /** Another stream, which depends on this seed and the number alone. */
  fork(number: number): Random;
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    uniform,
    lognormal: (median, sigma) => {
      // Box and Muller; 1 - u is never 0.
      const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
      return median * Math.exp(sigma * normal);
    },
    fork: number =>
      createRandom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(number + 1, 0xc2b2ae35)),
  };
}

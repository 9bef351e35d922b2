/** Seconds to wait after each failed attempt; after the last one, the delivery is dead. */
const DELAYS_S = [5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200];
const JITTER = 0.2;

export const MAX_ATTEMPTS = DELAYS_S.length + 1;

/** Null: it was the last one. `random`: from 0 to 1. */
export function retryDelayMs(attempts: number, random: number): number | null {
  const delayS = DELAYS_S[attempts - 1];
  return delayS === undefined ? null : Math.round(delayS * 1000 * (1 + JITTER * (2 * random - 1)));
}

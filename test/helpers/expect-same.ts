import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";

/** `toEqual`, for loops of many thousand: `expect` takes longer than what they try. */
export function expectSame(actual: unknown, expected: unknown, message?: string): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual, message).toEqual(expected);
}

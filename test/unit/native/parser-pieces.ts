import { expect } from "vitest";
import { expectSame } from "../../helpers/expect-same.ts";
import { triedHere } from "../../helpers/property-runs.ts";

/** The bytes of text that holds one character for each. */
export function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

interface Verdict {
  result: string;
  fed?: number;
}

function withoutFed<Result extends Verdict>({ fed: _, ...result }: Result): Omit<Result, "fed"> {
  return result;
}

/** Longer ones are long runs of one character, for the sake of a limit: most places to cut are like the next. */
const ALL_CUTS_UP_TO_BYTES = 1_000;

/**
 * Feeds bytes whole, cut at every place, and one by one, and expects the same each time. Returns what came of them whole and,
 * from feeding one by one, after how many the verdict was there. Where the suite runs once more, long ones are cut at one place
 * in ten.
 */
export function parseEveryWay<Result extends Verdict>(
  bytes: Buffer,
  parse: (bytes: Buffer, pieces: readonly number[]) => Result,
): { result: Omit<Result, "fed">; decidedAfter: number | undefined } {
  const result = withoutFed(parse(bytes, []));
  const all = Array.from({ length: Math.max(0, bytes.length - 1) }, (_, index) => index + 1);
  for (const cut of bytes.length > ALL_CUTS_UP_TO_BYTES ? triedHere(all) : all) {
    expectSame(withoutFed(parse(bytes, [cut])), result, `cut after ${cut} bytes`);
  }
  const oneByOne = parse(bytes, Array<number>(bytes.length).fill(1));
  expect(withoutFed(oneByOne), "byte by byte").toEqual(result);
  return { result, decidedAfter: oneByOne.fed };
}

import { expect } from "vitest";

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

/**
 * Feeds bytes whole, cut at every place, and one by one, and expects the same each time. Returns what came of them whole and,
 * from feeding one by one, after how many the verdict was there.
 */
export function parseEveryWay<Result extends Verdict>(
  bytes: Buffer,
  parse: (bytes: Buffer, pieces: readonly number[]) => Result,
): { result: Omit<Result, "fed">; decidedAfter: number | undefined } {
  const result = withoutFed(parse(bytes, []));
  for (let cut = 1; cut < bytes.length; cut++) {
    expect(withoutFed(parse(bytes, [cut])), `cut after ${cut} bytes`).toEqual(result);
  }
  const oneByOne = parse(bytes, Array<number>(bytes.length).fill(1));
  expect(withoutFed(oneByOne), "byte by byte").toEqual(result);
  return { result, decidedAfter: oneByOne.fed };
}

import { InvalidArgumentError } from "commander";

/** Tells the program with which code the command wants to end. */
export type Finish = (exitCode: number) => void;

/** Parses a whole number for an option; commander names the option in the message. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${from} to ${to}.`);
  };
}

const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `10m`, `2h`, `1d`, or a point in time such as `2026-11-23T10:00:00Z`. Gives Unix milliseconds. */
export function pointInTime(text: string): number {
  const parts = /^(\d+)([smhd])$/.exec(text);
  if (parts !== null) return Date.now() - Number(parts[1]) * (UNITS_MS[parts[2] ?? ""] ?? 0);
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError(
      "Expected a duration such as 90s, 10m, 2h, 1d, or a time such as 2026-11-23T10:00:00Z.",
    );
  }
  return time;
}

import { type Command, InvalidArgumentError } from "commander";

/** Tells the program with which code the command wants to end. */
export type Finish = (exitCode: number) => void;

/** Help, errors and exit codes as the program has them, also for commands within commands. */
export function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child as Command, command);
  return command;
}

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

/** A time to come, as a date (`2027-01-31`, its beginning in UTC) or with its time of day. Gives RFC 3339. */
export function timeToCome(text: string): string {
  const time = /^\d{4}-\d{2}-\d{2}(T|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError("Expected a date such as 2027-01-31, or a time such as 2027-01-31T10:00:00Z.");
  }
  return new Date(time).toISOString();
}

/** `90s`, `10m`, `2h`, `1d`; `0`. Gives seconds. */
export function seconds(text: string): number {
  const parts = /^(\d+)([smhd])$/.exec(text);
  if (text === "0") return 0;
  if (parts === null) throw new InvalidArgumentError("Expected a duration such as 90s, 10m, 2h or 1d, or 0.");
  return (Number(parts[1]) * (UNITS_MS[parts[2] ?? ""] ?? 0)) / 1_000;
}

import { printable } from "./printable.ts";

export interface Column<Row> {
  title: string;
  right?: true;
  text(row: Row): string | number | null;
}

const GAP = "  ";
const NOTHING = "-";

/** Rows as lines below their titles, as wide as their longest cell; cut where the terminal ends. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminalColumns = process.stdout.columns,
): string {
  const cells = rows.map((row) => columns.map((column) => cell(column.text(row))));
  const lines = [columns.map(({ title }) => title), ...cells];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const text = lines.map((line) => {
    const padded = line.map((one, index) => {
      return columns[index]?.right ? one.padStart(widths[index] ?? 0) : one.padEnd(widths[index] ?? 0);
    });
    return cut(padded.join(GAP).trimEnd(), terminalColumns);
  });
  return `${text.join("\n")}\n`;
}

/** Pairs of a name and a value, one a line. */
export function facts(pairs: readonly (readonly [string, string | number | null])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}\n`).join("");
}

/** `2026-11-25 10:00` in UTC, for people. */
export function shortTime(time: string | null): string | null {
  return time === null ? null : time.slice(0, 16).replace("T", " ");
}

function cell(value: string | number | null): string {
  return value === null || value === "" ? NOTHING : printable(String(value));
}

function cut(line: string, columns: number | undefined): string {
  return columns === undefined || line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}

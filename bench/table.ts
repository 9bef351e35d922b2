/** A Markdown table, padded to be read as it is. The first `textColumns` are flush left. */
export function table(rows: readonly (readonly string[])[], textColumns = 1): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column < textColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  const line = (row: readonly string[]) => `| ${row.map(pad).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    column < textColumns ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`,
  );
  return [line(head), `|${rule.join("|")}|`, ...body.map(line)].join("\n");
}

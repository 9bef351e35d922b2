import type { CallRecord } from "../contracts/call-record.ts";
import { printable } from "./output/printable.ts";

interface Column {
  title: string;
  /** Columns with the highest number go first when the terminal is narrow. */
  rank: number;
  minimum: number;
  maximum: number;
  right?: true;
  text(record: CallRecord): string;
}

const COLUMNS: readonly Column[] = [
  { title: "TIME", rank: 1, minimum: 12, maximum: 12, text: ({ startedAtMs }) => timeOf(startedAtMs) },
  { title: "STATUS", rank: 0, minimum: 6, maximum: 6, right: true, text: ({ status }) => String(status) },
  { title: "METHOD", rank: 4, minimum: 6, maximum: 7, text: ({ method }) => method },
  { title: "PATH", rank: 0, minimum: 12, maximum: 40, text: ({ path }) => path },
  { title: "APPLICATION", rank: 3, minimum: 11, maximum: 20, text: ({ application }) => application ?? "-" },
  { title: "SERVICE", rank: 5, minimum: 7, maximum: 16, text: ({ service }) => service ?? "-" },
  { title: "MODEL", rank: 2, minimum: 10, maximum: 32, text: modelOf },
  { title: "TRIES", rank: 9, minimum: 5, maximum: 5, right: true, text: ({ attempts }) => String(attempts) },
  { title: "FIRST", rank: 7, minimum: 7, maximum: 8, right: true, text: (record) => duration(record.firstByteMs) },
  { title: "TOTAL", rank: 1, minimum: 7, maximum: 8, right: true, text: (record) => duration(record.totalMs) },
  { title: "TOKENS", rank: 6, minimum: 9, maximum: 13, right: true, text: tokensOf },
  { title: "COST", rank: 8, minimum: 9, maximum: 10, right: true, text: ({ costUsd }) => costOf(costUsd) },
  { title: "ERROR", rank: 2, minimum: 5, maximum: 28, text: ({ errorCode, outcome }) => errorOf(errorCode, outcome) },
];

const GAP = "  ";
/** Without a terminal: wide enough for everything. */
const UNLIMITED = Number.POSITIVE_INFINITY;

/**
 * Calls as lines of a table. Widths come from the records shown at first and from the terminal: columns that matter
 * least are left out until the rest fits. Later rows are cut to the same widths.
 */
export class CallTable {
  readonly #columns: { column: Column; width: number }[];

  constructor(sample: readonly CallRecord[], terminalColumns: number | undefined) {
    const columns = COLUMNS.map((column) => {
      const widths = sample.map((record) => column.text(record).length);
      const widest = Math.max(column.minimum, column.title.length, ...widths.slice(-500));
      return { column, width: Math.min(widest, Math.max(column.maximum, column.title.length)) };
    });
    this.#columns = narrow(columns, terminalColumns ?? UNLIMITED);
  }

  head(): string {
    return this.#line(({ title }) => title);
  }

  row(record: CallRecord): string {
    return this.#line(({ text }) => printable(text(record)));
  }

  #line(textOf: (column: Column) => string): string {
    const cells = this.#columns.map(({ column, width }) => {
      const text = textOf(column);
      const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
      return column.right ? cut.padStart(width) : cut.padEnd(width);
    });
    return cells.join(GAP).trimEnd();
  }
}

function narrow<Entry extends { column: Column; width: number }>(columns: Entry[], available: number): Entry[] {
  const kept = [...columns];
  const widthOf = () => kept.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length);
  while (widthOf() > available) {
    const least = kept.reduce((a, b) => (b.column.rank >= a.column.rank ? b : a));
    const spare = widthOf() - available;
    // Narrower first, left out only when that is not enough.
    if (least.width - spare >= least.column.minimum) least.width -= spare;
    else if (kept.length > 2) kept.splice(kept.indexOf(least), 1);
    else break;
  }
  return kept;
}

function timeOf(ms: number): string {
  const time = new Date(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  const millis = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${millis}`;
}

function modelOf(record: CallRecord): string {
  const { modelAsked, provider, modelServed, upstream, mirrorOf } = record;
  if (modelAsked === null) return messageOf(record) ?? upstream ?? "-";
  const served = provider === null || modelServed === null ? null : `${provider}/${modelServed}`;
  const model = served === null || served === modelAsked ? modelAsked : `${modelAsked} → ${served}`;
  // Records of older versions don't say.
  return (mirrorOf ?? null) === null ? model : `copy of ${model}`;
}

/** What an MCP server is asked for; null: it is none, or records of older versions don't say. */
function messageOf({ mcpMethod = null, mcpTool, mcpPrompt, mcpResource }: Partial<CallRecord>): string | null {
  const subject = mcpTool ?? mcpPrompt ?? mcpResource ?? null;
  return mcpMethod === null || subject === null ? mcpMethod : `${mcpMethod} ${subject}`;
}

function duration(ms: number | null): string {
  if (ms === null) return "-";
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function tokensOf({ inputTokens, outputTokens }: CallRecord): string {
  return inputTokens === null && outputTokens === null ? "-" : `${inputTokens ?? "?"}/${outputTokens ?? "?"}`;
}

function costOf(costUsd: number | null): string {
  if (costUsd === null) return "-";
  return `$${costUsd < 0.01 ? costUsd.toFixed(6) : costUsd.toFixed(4)}`;
}

function errorOf(errorCode: string | null, outcome: CallRecord["outcome"]): string {
  if (errorCode !== null) return errorCode;
  return outcome === "ok" ? "" : outcome;
}

import { describe, expect, it } from "vitest";
import { CallTable } from "../../../src/cli/call-table.ts";
import { record } from "../platform/call-log-fixtures.ts";

describe("the table of calls", () => {
  const calls = [
    record(1, { totalMs: 12_345, firstByteMs: 3.21, costUsd: 0.25 }),
    record(2, { status: 429, errorCode: "rate_limited", path: `/${"long".repeat(30)}` }),
  ];

  it("shows everything where there is no terminal", () => {
    const table = new CallTable(calls, undefined);
    expect(table.head()).toMatch(
      /^TIME +STATUS +METHOD +PATH +APPLICATION +SERVICE +MODEL +TRIES +FIRST +TOTAL +TOKENS +COST +ERROR$/,
    );
    expect(table.row(calls[0]!)).toMatch(/ 3\.2 ms +12\.3 s +1\/2 +\$0\.2500$/);
    expect(table.row(calls[1]!)).toMatch(/…/);
    expect(table.row(calls[1]!)).toMatch(/rate_limited$/);
  });

  it.each([40, 60, 80, 100, 120, 160])("fits into %i columns", (columns) => {
    const table = new CallTable(calls, columns);
    for (const line of [table.head(), ...calls.map((call) => table.row(call))]) {
      expect(line.length).toBeLessThanOrEqual(columns);
      expect(line).toMatch(/STATUS|200|429/);
    }
  });

  it("tells copies of calls from calls", () => {
    const call = { modelAsked: "smart", provider: "openai", modelServed: "gpt-5" };
    const rows = [record(1, call), record(2, { ...call, mirrorOf: "01call" })];
    const table = new CallTable(rows, undefined);
    expect(table.row(rows[0]!)).toMatch(/ smart → openai\/gpt-5 /);
    expect(table.row(rows[1]!)).toMatch(/ copy of smart → openai\/gpt-5 /);
  });

  it("shows what an MCP server is asked for", () => {
    const call = { modelAsked: null, upstream: "127.0.0.1:9001", mcpMethod: "tools/call", mcpTool: "get_time" };
    const rows = [record(1, call), record(2, { ...call, mcpMethod: "ping", mcpTool: null })];
    const table = new CallTable(rows, undefined);
    expect(table.row(rows[0]!)).toContain(" tools/call get_time ");
    expect(table.row(rows[1]!)).toContain(" ping ");
  });

  it("lets no caller write control characters to the terminal", () => {
    const call = record(1, { path: "/\u001b[2J\u0007x" });
    expect(new CallTable([call], 120).row(call)).toContain("/?[2J?x");
  });
});

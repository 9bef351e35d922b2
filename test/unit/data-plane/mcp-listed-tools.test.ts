import { describe, expect, it } from "vitest";
import { ListedTools, StreamedTools } from "../../../src/data-plane/pipeline/mcp/listed-tools.ts";
import { ToolAccess } from "../../../src/data-plane/pipeline/policies/tool-access.ts";
import type { AnswerFilter } from "../../../src/data-plane/pipeline/rest/forwarding.ts";

const access = new ToolAccess("crm", [{ level: "service", tools: { allow: null, deny: ["delete_*"] } }]);
const list = (...names: string[]) => ({ jsonrpc: "2.0", id: 1, result: { tools: names.map((name) => ({ name })) } });

/** What goes on of a body that comes in pieces of so many bytes. */
function passed(filter: AnswerFilter, text: string, pieceBytes: number): string {
  const bytes = Buffer.from(text);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    out.push(Buffer.from(filter.push(bytes.subarray(at, at + pieceBytes))));
  }
  out.push(filter.end());
  return Buffer.concat(out).toString();
}

describe("lists of tools without those that are denied", () => {
  it.each([1, 3, 1_000])("in a stream that comes by %i bytes", (pieceBytes) => {
    const before = ': a comment\n\nevent: message\nid: 7\ndata: {"method":"notifications/progress"}\n\n';
    const text = `${before}id: 8\r\ndata: {"jsonrpc":"2.0","id":1,\r\ndata: "result":{"tools":[{"name":"delete_é"},{"name":"get"}]}}\r\n\r\n`;
    const expected = `${before}id: 8\ndata: ${JSON.stringify(list("get"))}\n\n`;
    expect(passed(new StreamedTools(access), text, pieceBytes)).toBe(expected);
    // What there is nothing to leave out of stays as it was written.
    const harmless = 'data: {"id": 1, "result": {"tools": [ {"name": "get"} ]}}\n\n';
    expect(passed(new StreamedTools(access), harmless, pieceBytes)).toBe(harmless);
    const other = 'data: {"id":1,"result":{"content":[],"structuredContent":{"tools":[{"name":"delete_all"}]}}}\n\n';
    expect(passed(new StreamedTools(access), other, pieceBytes)).toBe(other);
  });

  it("in a stream that ends without a blank line, and in JSON", () => {
    const cut = `data: ${JSON.stringify(list("delete_all"))}`;
    expect(passed(new StreamedTools(access), cut, 5)).not.toContain("delete_all");
    const text = JSON.stringify({ ...list("a", "delete_all", "b"), more: 1 });
    expect(passed(new ListedTools(access), text, 5)).toBe(JSON.stringify({ ...list("a", "b"), more: 1 }));
  });

  it("or nothing at all, where that can't be told", () => {
    expect(() => passed(new ListedTools(access), '{"result":{"tools":[{"name":"delete_all"}', 5)).toThrow(/no JSON/);
    expect(() => passed(new StreamedTools(access), 'data: {"tools":\n\n', 5)).toThrow(/no JSON/);
    const huge = Buffer.alloc(16 * 1024 * 1024 + 1, "x");
    expect(() => new ListedTools(access).push(huge)).toThrow(/longer than/);
    expect(() => new StreamedTools(access).push(huge)).toThrow(/longer than/);
  });

  it("without entries that have no name", () => {
    const text = JSON.stringify({ id: 1, result: { tools: [{ title: "nameless" }, { name: "get" }, null] } });
    expect(passed(new ListedTools(access), text, 100)).toBe(
      JSON.stringify({ id: 1, result: { tools: [{ name: "get" }] } }),
    );
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadParsers } from "../../../native-bindings/parsers.ts";
import { CHUNKED_CASES } from "./chunked-decoder-cases.ts";
import { explained } from "./explained.ts";
import { type NodePeer, type NodeRequest, nodeServer } from "./node-http.ts";
import { latin1 } from "./parser-pieces.ts";

const { decodeChunked } = loadParsers();
const HEAD = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Where Node's decoder and ours don't agree, and why that is right. */
const DISAGREEMENTS = explained({
  "blanks around `;` and `=` have to be understood (RFC 9112 §7.1.1, BWS of RFC 9110 §5.6.3); Node refuses them": [
    "blanks before the semicolon",
    "blanks after the semicolon",
    "blanks around the equals sign",
    "blanks between extensions",
  ],
  "trailers are dropped here, so none can be mistaken for framing; Node refuses the message": [
    "a trailer that looks like framing",
  ],
  "Node counts to 64 bits, leading zeros aside; one limit of digits is simpler to hold to": ["sixteen digits"],
  "Node lets extensions through that the grammar doesn't have (RFC 9112 §7.1.1)": [
    "an extension without name but a value",
    "two semicolons",
    "an extension without value",
  ],
});

let server: NodePeer<NodeRequest>;
beforeAll(async () => {
  server = await nodeServer(true);
});
afterAll(() => server.close());

function ours(bytes: Buffer): Pick<NodeRequest, "verdict" | "body"> {
  const { result, body } = decodeChunked(bytes);
  if (result === "end") return { verdict: "complete", body };
  return { verdict: result === "error" ? "refused" : "incomplete" };
}

describe("chunked bodies as Node reads them", () => {
  it.each(CHUNKED_CASES)("$name", async ({ name, bytes }) => {
    const { verdict, body } = await server.read(latin1(HEAD + bytes));
    const theirs = body === undefined ? { verdict } : { verdict, body };
    if (DISAGREEMENTS.has(name)) expect(theirs, DISAGREEMENTS.get(name)).not.toEqual(ours(latin1(bytes)));
    else expect(theirs).toEqual(ours(latin1(bytes)));
  });

  it("lists no case that is not there", () => {
    const names = new Set(CHUNKED_CASES.map(({ name }) => name));
    expect([...DISAGREEMENTS.keys()].filter((name) => !names.has(name))).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadParsers } from "../../../native-bindings/parsers.ts";
import { explained, NODE_MAJOR } from "./explained.ts";
import { type NodePeer, type NodeResponse, nodeClient } from "./node-http.ts";
import { latin1 } from "./parser-pieces.ts";
import { RESPONSE_CASES } from "./response-parser-cases.ts";

const { parseResponseHead } = loadParsers();

/** Where Node's parser and ours don't agree, and why that is right. */
const DISAGREEMENTS = explained({
  "a status is of 100 to 599 (RFC 9110 §15); Node lets any three digits through": [
    "status 099",
    "status 600",
    "status 999",
  ],
  "Node skips any CR and LF before a response; RFC 9112 allows that before requests only": [
    "a leading CRLF",
    "a leading bare LF",
  ],
  "Node lets control characters through in a reason; RFC 9112 §4 has none": [
    "NUL in the reason",
    "DEL in the reason",
    "a control character in a long reason",
  ],
  "Node lets HTTP/0.9 through for its user to look at": ["HTTP/0.9"],
  "RFC 9110 §8.6 allows to take equal lengths as one, which some servers send; Node refuses them": ["equal lengths"],
  "Node counts to 64 bits; JavaScript holds 15 digits exactly": ["sixteen digits"],
  "Node frames by a final chunked whatever is before it; this gateway decodes no other coding": [
    "chunked twice",
    "gzip and chunked",
  ],
  "Node reads until close where it doesn't know the coding; this gateway would pass on what it can't frame": [
    "identity",
    "an unknown coding",
  ],
  "Transfer-Encoding in HTTP/1.0 is faulty framing (RFC 9112 §6.1); Node frames by it": ["chunked in HTTP/1.0"],
  "Node 20 takes an empty Transfer-Encoding for none": NODE_MAJOR < 22 ? ["an empty coding"] : [],
});

let client: NodePeer<NodeResponse>;
beforeAll(async () => {
  client = await nodeClient();
});
afterAll(() => client.close());

function ours(bytes: Buffer): NodeResponse {
  const head = parseResponseHead(bytes);
  if (head.result !== "complete") return { verdict: "refused" };
  const { status, reason, http10, fields } = head;
  return { verdict: "complete", status, reason, http10, fields: fields.map(({ name, value }) => [name, value]) };
}

describe("response heads as Node reads them", () => {
  it.each(RESPONSE_CASES)("$name", async ({ name, bytes }) => {
    const theirs = await client.read(latin1(bytes));
    if (DISAGREEMENTS.has(name)) expect(theirs, DISAGREEMENTS.get(name)).not.toEqual(ours(latin1(bytes)));
    else expect(theirs).toEqual(ours(latin1(bytes)));
  });

  it("lists no case that is not there", () => {
    const names = new Set(RESPONSE_CASES.map(({ name }) => name));
    expect([...DISAGREEMENTS.keys()].filter((name) => !names.has(name))).toEqual([]);
  });
});

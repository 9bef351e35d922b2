import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadParsers } from "../../../native-bindings/parsers.ts";
import { explained, NODE_MAJOR } from "./explained.ts";
import { type NodePeer, type NodeRequest, nodeServer } from "./node-http.ts";
import { latin1 } from "./parser-pieces.ts";
import { REQUEST_CASES } from "./request-parser-cases.ts";

const { parseRequestHead } = loadParsers();

/** Where Node's parser and ours don't agree, and why that is right. */
const DISAGREEMENTS = explained({
  "Node knows a fixed list of methods; any token is one (RFC 9110 §9.1)": ["an unknown method"],
  "Node skips any CR and LF before a request; RFC 9112 §2.2 asks for an empty line or so": [
    "three leading CRLFs",
    "a leading bare LF",
    "a leading bare CR",
  ],
  "Node still takes a request line without version for HTTP/0.9": ["no version", "HTTP/0.9"],
  "Node takes several blanks for one; RFC 9112 §3 has single ones": [
    "two spaces after the method",
    "two spaces before the version",
  ],
  "Node's parser lets other versions and protocols through for its user to look at": [
    "HTTP/2.0",
    "HTTP/0.9 spelled out",
    "another protocol",
  ],
  "Node leaves dot segments to its user; a gateway that matches routes must see the path that the upstream resolves": [
    "a dot segment",
    "two dots as a segment",
    "a dot as the last segment",
    "two dots as the last segment",
    "two dots before the query",
    "encoded dots",
    "a dot and an encoded one",
    "an encoded dot",
    "dots between encoded slashes",
    "dots behind an encoded backslash",
    "dots before an encoded slash",
    "a dot behind an encoded slash at the end",
    "dots with a parameter",
    "absolute-form with dot segments",
  ],
  "Node lets characters through that no request target may hold (RFC 9112 §3.2)": [
    "a fragment",
    "a fragment after the query",
    "a backslash",
  ],
  "`*` is for OPTIONS alone (RFC 9112 §3.2.4)": ["GET *", "OPTIONS with two stars"],
  "Node doesn't hold the target against Host; two hosts in one request are two readings": [
    "absolute-form of another host",
    "absolute-form with a port that Host leaves out",
    "HTTP/1.0 in absolute-form of another host",
  ],
  "Node doesn't look into an absolute-form target; an http URI has a host and no user information (RFC 9110 §4.2)": [
    "absolute-form without a host",
    "absolute-form with a port alone",
    "absolute-form with user information",
    "absolute-form with a bad port",
    "another scheme",
  ],
  "means `OPTIONS *` to a proxy (RFC 9112 §3.2.4) and `OPTIONS /` to others": ["OPTIONS of a host in absolute-form"],
  "Node takes the first of several Hosts; RFC 9112 §3.2 asks for 400": [
    "two Hosts",
    "two equal Hosts",
    "HTTP/1.0 with two Hosts",
  ],
  "Node takes any text for Host; RFC 9112 §3.2 asks for 400 where it is no host": [
    "a list of hosts",
    "a space in the host",
    "a slash in the host",
    "user information in the host",
    "letters as the port",
    "two ports",
    "an open bracket",
    "an empty bracket",
    "something after the bracket",
    "a name in brackets",
    "obs-text in the host",
    "a quote in the host",
  ],
  "Node counts to 64 bits; JavaScript holds 15 digits exactly": ["sixteen digits"],
  "Node frames by a final chunked whatever is before it; this gateway decodes no other coding": [
    "gzip and chunked",
    "gzip and chunked in two fields",
    "an empty element before chunked",
  ],
  "Node gives a request with an unknown coding to its user before it finds that its length is unknown (RFC 9112 §6.3)":
    ["identity", "gzip alone", "an unknown coding", "chunked with a parameter", "chunked in quotes"],
  "Transfer-Encoding in HTTP/1.0 is faulty framing (RFC 9112 §6.1); Node frames by it": [
    "chunked in HTTP/1.0",
    "gzip in HTTP/1.0",
  ],
  "Node looks for 100-continue anywhere in the field; 417 is for all but that word (RFC 9110 §10.1.1)": [
    "an expectation beside 100-continue",
    "two expectations",
  ],
  "ours has the only host name there is put into lower case in place": ["HTTP/1.0 in absolute-form"],
  "Node 20 takes an empty Transfer-Encoding for none": NODE_MAJOR < 22 ? ["an empty Transfer-Encoding"] : [],
});

let server: NodePeer<NodeRequest>;
beforeAll(async () => {
  server = await nodeServer(false);
});
afterAll(() => server.close());

function ours(bytes: Buffer): NodeRequest {
  const head = parseRequestHead(bytes);
  if (head.result !== "complete") return { verdict: head.result };
  const { method, target, http10, fields } = head;
  // Ours puts the host name into lower case.
  const pairs = fields.map(({ name, value }): [string, string] => [
    name,
    name === "host" ? value.toLowerCase() : value,
  ]);
  return { verdict: "complete", method, target, http10, fields: pairs };
}

describe("request heads as Node reads them", () => {
  it.each(REQUEST_CASES)("$name", async ({ name, bytes }) => {
    const theirs = await server.read(latin1(bytes));
    const fields = theirs.fields?.map(([name, value]) => [name, name === "host" ? value.toLowerCase() : value]);
    const comparable = fields === undefined ? theirs : { ...theirs, fields };
    if (DISAGREEMENTS.has(name)) expect(comparable, DISAGREEMENTS.get(name)).not.toEqual(ours(latin1(bytes)));
    else expect(comparable).toEqual(ours(latin1(bytes)));
  });

  it("lists no case that is not there", () => {
    const names = new Set(REQUEST_CASES.map(({ name }) => name));
    expect([...DISAGREEMENTS.keys()].filter((name) => !names.has(name))).toEqual([]);
  });
});

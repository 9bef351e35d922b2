/** Requests that no parser may take differently from another (RFC 9112 §2 to §7), and what each engine makes of them. */

export type UwsVerdict =
  /** This status, then the connection is closed. */
  | number
  /** Cut, with one of these statuses before it or, where the engine was faster than our answer, with none. */
  | number[]
  /** Not answered: to the engine the head is not complete and never will be. It gives up after ten seconds. */
  | "never";

export type NativeVerdict =
  /** This status, then the connection is closed. Nothing of it reaches a stage. */
  | number
  /**
   * 400 and a close, for what stands in the body. Where that comes after a head that was well-formed, stages have begun;
   * no upstream gets a whole request.
   */
  | "in the body"
  /** Nothing is wrong with it, and it is served. */
  | "valid";

export interface FramingCase {
  name: string;
  bytes: string;
  /** Absent: not asked of it. */
  uws?: UwsVerdict;
  native: NativeVerdict;
}

export const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
export const post = (headers: string, body = "") => `POST /upload HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`;
export const get = (target: string, headers = "") => `GET ${target} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
export const CHUNKS = "5\r\nhello\r\n0\r\n\r\n";

const SHARED_CASES: FramingCase[] = [
  // Transfer-Encoding. uWebSockets.js: in any form, its chunk parser is not to be trusted.
  { name: "Transfer-Encoding: chunked", bytes: post("Transfer-Encoding: chunked\r\n"), uws: 411, native: "valid" },
  {
    name: "chunked with its body",
    bytes: post("Transfer-Encoding: chunked\r\n", CHUNKS),
    uws: [411, 400],
    native: "valid",
  },
  {
    name: "chunked with a request hidden behind",
    bytes: post("Transfer-Encoding: chunked\r\n", CHUNKS + HIDDEN),
    uws: [411, 400],
    native: "valid",
  },
  {
    name: "TE.CL",
    bytes: post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", `20\r\n${HIDDEN}\r\n0\r\n\r\n`),
    uws: [411, 400],
    native: 400,
  },
  {
    name: "CL.TE",
    bytes: post(`Content-Length: ${5 + HIDDEN.length}\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${HIDDEN}`),
    uws: [411, 400],
    native: 400,
  },
  {
    name: "TE with Content-Length: 0",
    bytes: post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
    uws: [411, 400],
    native: 400,
  },
  {
    name: "TE twice",
    bytes: post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", CHUNKS),
    uws: [411, 400],
    native: 400,
  },
  { name: "TE in upper case", bytes: post("TRANSFER-ENCODING: CHUNKED\r\n", CHUNKS), uws: [411, 400], native: "valid" },
  { name: "TE: xchunked", bytes: post("Transfer-Encoding: xchunked\r\n", HIDDEN), uws: [411, 400], native: 400 },
  {
    name: "TE: chunked, identity",
    bytes: post("Transfer-Encoding: chunked, identity\r\n", HIDDEN),
    uws: [411, 400],
    native: 400,
  },
  {
    name: "TE: gzip, chunked",
    bytes: post("Transfer-Encoding: gzip, chunked\r\n", CHUNKS),
    uws: [411, 400],
    native: 400,
  },
  { name: "TE: identity", bytes: post("Transfer-Encoding: identity\r\n", HIDDEN), uws: [411, 400], native: 400 },
  { name: "TE empty", bytes: post("Transfer-Encoding:\r\n", HIDDEN), uws: [411, 400], native: 400 },
  { name: "TE behind a tab", bytes: post("Transfer-Encoding:\tchunked\r\n", CHUNKS), uws: [411, 400], native: "valid" },
  {
    name: "TE behind a vertical tab",
    bytes: post("Transfer-Encoding: \x0bchunked\r\n", CHUNKS),
    uws: "never",
    native: 400,
  },
  {
    name: "TE with a space before the colon",
    bytes: post("Transfer-Encoding : chunked\r\n", CHUNKS),
    uws: "never",
    native: 400,
  },
  {
    name: "TE behind a space at the line's start",
    bytes: post("X-A: b\r\n Transfer-Encoding: chunked\r\n", CHUNKS),
    uws: "never",
    native: 400,
  },
  {
    name: "TE with a quoted value",
    bytes: post('Transfer-Encoding: "chunked"\r\n', CHUNKS),
    uws: [411, 400],
    native: 400,
  },
  {
    name: "a bare LF in a quoted chunk extension",
    bytes: post("Transfer-Encoding: chunked\r\n", `5;a="\n"\r\nhello\r\n0\r\n\r\n`),
    uws: [411, 400],
    native: "in the body",
  },
  { name: "TE on GET", bytes: get("/", "Transfer-Encoding: chunked\r\n") + CHUNKS, uws: [411, 400], native: "valid" },

  // Content-Length
  {
    name: "two equal Content-Lengths",
    bytes: post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
    uws: 400,
    native: 400,
  },
  {
    name: "CL.CL",
    bytes: post(`Content-Length: ${HIDDEN.length}\r\nContent-Length: 0\r\n`, HIDDEN),
    uws: [400],
    native: 400,
  },
  {
    name: "CL.CL the other way",
    bytes: post(`Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN),
    uws: [400],
    native: 400,
  },
  { name: "a list as Content-Length", bytes: post("Content-Length: 5, 5\r\n", "hello"), uws: 400, native: 400 },
  { name: "Content-Length with a sign", bytes: post("Content-Length: +5\r\n", "hello"), uws: 400, native: 400 },
  { name: "negative Content-Length", bytes: post("Content-Length: -5\r\n", "hello"), uws: 400, native: 400 },
  { name: "hexadecimal Content-Length", bytes: post("Content-Length: 0x5\r\n", "hello"), uws: 400, native: 400 },
  { name: "Content-Length with a fraction", bytes: post("Content-Length: 5.0\r\n", "hello"), uws: 400, native: 400 },
  {
    name: "Content-Length with a space inside",
    bytes: post("Content-Length: 5 5\r\n", "hello"),
    uws: 400,
    native: 400,
  },
  { name: "empty Content-Length", bytes: post("Content-Length:\r\n", HIDDEN), uws: [400], native: 400 },
  { name: "Content-Length of letters", bytes: post("Content-Length: five\r\n", "hello"), uws: 400, native: 400 },
  {
    name: "Content-Length of 2^64",
    bytes: post("Content-Length: 18446744073709551616\r\n", "hello"),
    uws: 400,
    native: 400,
  },
  {
    name: "Content-Length of 2^64 + 5",
    bytes: post("Content-Length: 18446744073709551621\r\n", `hello${HIDDEN}`),
    uws: [400],
    native: 400,
  },
  {
    name: "Content-Length behind a vertical tab",
    bytes: post("Content-Length: \x0b5\r\n", "hello"),
    uws: "never",
    native: 400,
  },
  {
    name: "Content-Length with a space before the colon",
    bytes: post("Content-Length : 5\r\n", "hello"),
    uws: "never",
    native: 400,
  },

  // Host
  { name: "two Hosts", bytes: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", uws: 400, native: 400 },
  { name: "two equal Hosts", bytes: "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", uws: 400, native: 400 },
  { name: "Host with a path", bytes: "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", uws: 400, native: 400 },
  { name: "Host with credentials", bytes: "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", uws: 400, native: 400 },
  { name: "Host with a space", bytes: "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", uws: 400, native: 400 },
  { name: "Host with a port of letters", bytes: "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", uws: 400, native: 400 },
  { name: "a list of Hosts", bytes: "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", uws: 400, native: 400 },
  { name: "no Host", bytes: "GET / HTTP/1.1\r\nX-A: b\r\n\r\n", uws: 400, native: 400 },
  { name: "no header at all", bytes: "GET / HTTP/1.1\r\n\r\n", uws: "never", native: 400 },
  {
    name: "two Hosts with a body",
    bytes: `POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    uws: [400],
    native: 400,
  },

  // Fields
  { name: "a folded line", bytes: get("/", "X-A: b\r\n c\r\n"), uws: "never", native: 400 },
  { name: "a bare LF after a field", bytes: get("/", "X-A: b\nX-B: c\r\n"), uws: "never", native: 400 },
  { name: "bare LFs only", bytes: "GET / HTTP/1.1\nHost: a\n\n", uws: 505, native: 400 },
  { name: "a bare CR in a value", bytes: get("/", "X-A: b\rc\r\n"), uws: "never", native: 400 },
  { name: "a NUL in a value", bytes: get("/", "X-A: b\0c\r\n"), uws: "never", native: 400 },
  { name: "a NUL in a name", bytes: get("/", "X\0A: b\r\n"), uws: "never", native: 400 },
  { name: "a space before the colon", bytes: get("/", "X-A : b\r\n"), uws: "never", native: 400 },
  { name: "a space in a name", bytes: get("/", "X A: b\r\n"), uws: "never", native: 400 },
  { name: "a name with parentheses", bytes: get("/", "X(A): b\r\n"), uws: "never", native: 400 },
  { name: "a field without a colon", bytes: get("/", "X-A\r\n"), uws: "never", native: 400 },
  { name: "a control character in a value", bytes: get("/", "X-A: b\x01c\r\n"), uws: "never", native: 400 },
  { name: "DEL in a value", bytes: get("/", "X-A: b\x7fc\r\n"), uws: 400, native: 400 },

  // Request line
  { name: "HTTP/1.0", bytes: "GET / HTTP/1.0\r\nHost: a\r\n\r\n", uws: 505, native: "valid" },
  { name: "HTTP/0.9", bytes: "GET /\r\n\r\n", uws: "never", native: 400 },
  { name: "HTTP/2.0", bytes: "GET / HTTP/2.0\r\nHost: a\r\n\r\n", uws: 505, native: 505 },
  { name: "the HTTP/2 preface", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", uws: 505, native: 505 },
  { name: "lower-case http", bytes: "GET / http/1.1\r\nHost: a\r\n\r\n", uws: 505, native: 400 },
  { name: "absolute-form", bytes: "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", uws: 505, native: "valid" },
  { name: "asterisk-form", bytes: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", uws: 505, native: "valid" },
  { name: "CONNECT", bytes: "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", uws: 505, native: 400 },
  { name: "a space in the target", bytes: "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", uws: 505, native: 400 },
  { name: "two spaces", bytes: "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", uws: 505, native: 400 },
  { name: "a method with a slash", bytes: "GE/T / HTTP/1.1\r\nHost: a\r\n\r\n", uws: 400, native: 400 },
  {
    name: "a TLS hello on a plain port",
    bytes: "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03\x00\x00\x00\x00\r\n\r\n",
    uws: 505,
    native: 400,
  },

  // Target
  { name: "a dot segment", bytes: get("/a/../b"), uws: 400, native: 400 },
  { name: "a dot segment at the end", bytes: get("/a/.."), uws: 400, native: 400 },
  { name: "a single dot", bytes: get("/a/./b"), uws: 400, native: 400 },
  { name: "a dot segment in front", bytes: get("/../etc/passwd"), uws: 400, native: 400 },
  { name: "an encoded dot segment", bytes: get("/a/%2e%2e/b"), uws: 400, native: 400 },
  { name: "a half encoded dot segment", bytes: get("/a/.%2E/b"), uws: 400, native: 400 },
  { name: "bug: a dot segment before an encoded slash", bytes: get("/a/..%2fb"), uws: 400, native: 400 },
  { name: "bug: a dot segment behind an encoded slash", bytes: get("/a%2F%2e%2e/b"), uws: 400, native: 400 },
  { name: "bug: a dot segment behind an encoded backslash", bytes: get("/a%5c..%5Cb"), uws: 400, native: 400 },
  { name: "bug: a dot segment with a parameter", bytes: get("/a/..;/b"), uws: 400, native: 400 },
  { name: "a backslash", bytes: get("/a\\b"), uws: 400, native: 400 },
  { name: "dots behind a backslash", bytes: get("/a\\..\\b"), uws: 400, native: 400 },
  { name: "a fragment", bytes: get("/a#b"), uws: 400, native: 400 },
  { name: "a fragment behind a query", bytes: get("/a?b#c"), uws: 400, native: 400 },
  { name: "UTF-8 in the path", bytes: get("/caf\xc3\xa9"), uws: 400, native: 400 },
  { name: "UTF-8 in the query", bytes: get("/?q=caf\xc3\xa9"), uws: 400, native: 400 },
  { name: "Latin-1 in the path", bytes: get("/caf\xe9"), uws: 400, native: 400 },
  { name: "U+FFFD in the path", bytes: get("/\xef\xbf\xbd"), uws: 400, native: 400 },
  { name: "a control character in the path", bytes: get("/a\x01b"), uws: 505, native: 400 },
  { name: "DEL in the path", bytes: get("/a\x7fb"), uws: 400, native: 400 },
  { name: "a NUL in the path", bytes: get("/a\0b"), uws: 505, native: 400 },
  { name: "a tab in the path", bytes: get("/a\tb"), uws: 505, native: 400 },

  // Sizes
  {
    name: "a head beyond the listener's limit",
    bytes: get("/", `X-A: ${"a".repeat(2100)}\r\n`),
    uws: 431,
    native: 431,
  },
  { name: "a target beyond the listener's limit", bytes: get(`/${"a".repeat(2100)}`), uws: 431, native: 414 },
  {
    name: "many small headers",
    bytes: get("/", Array.from({ length: 90 }, (_, i) => `X-${i}: ${"a".repeat(20)}\r\n`).join("")),
    uws: 431,
    native: 431,
  },
];

/** What is wrong only when chunked bodies are taken at all. */
const chunked = (body: string) => post("Transfer-Encoding: chunked\r\n", body);

const NATIVE_CASES: FramingCase[] = [
  // Chunks (RFC 9112 §7.1)
  { name: "a chunk size of letters", bytes: chunked(`xyz\r\n${HIDDEN}`), native: "in the body" },
  { name: "a chunk size with a sign", bytes: chunked(`+5\r\nhello\r\n0\r\n\r\n`), native: "in the body" },
  { name: "a negative chunk size", bytes: chunked(`-5\r\nhello\r\n0\r\n\r\n`), native: "in the body" },
  { name: "a chunk size with 0x", bytes: chunked(`0x5\r\nhello\r\n0\r\n\r\n`), native: "in the body" },
  { name: "an empty chunk size", bytes: chunked(`\r\nhello\r\n0\r\n\r\n`), native: "in the body" },
  { name: "a space before the chunk size", bytes: chunked(` 5\r\nhello\r\n0\r\n\r\n`), native: "in the body" },
  { name: "a space behind the chunk size", bytes: chunked(`5 \r\nhello\r\n0\r\n\r\n`), native: "in the body" },
  {
    name: "a chunk size of 2^64 + 5",
    bytes: chunked(`10000000000000005\r\nhello\r\n0\r\n\r\n`),
    native: "in the body",
  },
  {
    name: "a chunk size with many zeros",
    bytes: chunked(`${"0".repeat(40)}5\r\nhello\r\n0\r\n\r\n`),
    native: "in the body",
  },
  { name: "a bare LF behind the chunk size", bytes: chunked(`5\nhello\r\n0\r\n\r\n`), native: "in the body" },
  { name: "a bare CR behind the chunk size", bytes: chunked(`5\rhello\r\n0\r\n\r\n`), native: "in the body" },
  { name: "a chunk that is longer than its size", bytes: chunked(`5\r\nhello!\r\n0\r\n\r\n`), native: "in the body" },
  { name: "a chunk that is shorter than its size", bytes: chunked(`6\r\nhello\r\n0\r\n\r\n`), native: "in the body" },
  { name: "a bare LF behind a chunk", bytes: chunked(`5\r\nhello\n0\r\n\r\n`), native: "in the body" },
  { name: "a bare LF at the end", bytes: chunked(`5\r\nhello\r\n0\r\n\n`), native: "in the body" },
  { name: "a request in place of the end", bytes: chunked(`5\r\nhello\r\n0\r\n${HIDDEN}`), native: "in the body" },
  { name: "a chunk extension without a name", bytes: chunked(`5;\r\nhello\r\n0\r\n\r\n`), native: "in the body" },
  { name: "a NUL in a chunk extension", bytes: chunked(`5;a\0\r\nhello\r\n0\r\n\r\n`), native: "in the body" },
  { name: "a CR in a quoted chunk extension", bytes: chunked(`5;a="\r"\r\nhello\r\n0\r\n\r\n`), native: "in the body" },
  {
    name: "a chunk extension without end",
    bytes: chunked(`5;a=${"b".repeat(4100)}\r\nhello\r\n0\r\n\r\n`),
    native: "in the body",
  },
  { name: "a trailer without a colon", bytes: chunked(`0\r\nX-A\r\n\r\n`), native: "in the body" },
  { name: "a trailer with a space before the colon", bytes: chunked(`0\r\nX-A : b\r\n\r\n`), native: "in the body" },
  { name: "a folded trailer", bytes: chunked(`0\r\nX-A: b\r\n c\r\n\r\n`), native: "in the body" },
  { name: "a NUL in a trailer", bytes: chunked(`0\r\nX-A: b\0\r\n\r\n`), native: "in the body" },
  {
    name: "trailers without end",
    bytes: chunked(`0\r\n${`X-A: ${"b".repeat(1000)}\r\n`.repeat(20)}\r\n`),
    native: "in the body",
  },

  // Transfer-Encoding
  {
    name: "TE: chunked twice",
    bytes: post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
    native: 400,
  },
  { name: "TE: chunked, chunked", bytes: post("Transfer-Encoding: chunked, chunked\r\n", CHUNKS), native: 400 },
  { name: "TE: chunked with a parameter", bytes: post("Transfer-Encoding: chunked;q=1\r\n", CHUNKS), native: 400 },
  {
    name: "TE in HTTP/1.0",
    bytes: `POST /upload HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    native: 400,
  },

  // Expect (RFC 9110 §10.1.1)
  { name: "an unknown expectation", bytes: post("Content-Length: 5\r\nExpect: 200-ok\r\n", "hello"), native: 417 },
  { name: "two expectations", bytes: post("Content-Length: 5\r\nExpect: 100-continue, x\r\n", "hello"), native: 417 },
  {
    name: "Expect twice",
    bytes: post("Content-Length: 5\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n"),
    native: 417,
  },

  // Request line
  { name: "HTTP/1.2", bytes: "GET / HTTP/1.2\r\nHost: a\r\n\r\n", native: 505 },
  { name: "HTTP/1.10", bytes: "GET / HTTP/1.10\r\nHost: a\r\n\r\n", native: 505 },
  { name: "a version with a letter", bytes: "GET / HTTP/1.1a\r\nHost: a\r\n\r\n", native: 400 },
  { name: "a space behind the version", bytes: "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", native: 400 },
  { name: "a tab for a space", bytes: "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", native: 400 },
  { name: "three empty lines in front", bytes: `\r\n\r\n\r\n${get("/")}`, native: 400 },
  { name: "a bare LF in front", bytes: `\n${get("/")}`, native: 400 },
  { name: "a space in front", bytes: ` ${get("/")}`, native: 400 },
  { name: "a space before the first field", bytes: "GET / HTTP/1.1\r\n Host: a\r\n\r\n", native: 400 },
  { name: "absolute-form of another host", bytes: "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", native: 400 },
  { name: "absolute-form of another port", bytes: "GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", native: 400 },
  { name: "absolute-form with credentials", bytes: "GET http://u@a/ HTTP/1.1\r\nHost: u@a\r\n\r\n", native: 400 },
  { name: "absolute-form without a host", bytes: "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", native: 400 },
  { name: "absolute-form of another scheme", bytes: "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", native: 400 },
  { name: "absolute-form with a dot segment", bytes: "GET http://a/../b HTTP/1.1\r\nHost: a\r\n\r\n", native: 400 },
  { name: "asterisk-form of another method", bytes: "GET * HTTP/1.1\r\nHost: a\r\n\r\n", native: 400 },
  { name: "a target without a slash", bytes: "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", native: 400 },
  { name: "CONNECT in lower case", bytes: "connect a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", native: 400 },

  // Fields
  { name: "a field without a name", bytes: get("/", "X-A: b\r\n: c\r\n"), native: 400 },
  { name: "an empty Host and another", bytes: "GET / HTTP/1.1\r\nHost:\r\nHost: a\r\n\r\n", native: 400 },
  { name: "a CR before CRLF", bytes: get("/", "X-A: b\r\r\n"), native: 400 },
];

export const FRAMING_CASES: readonly FramingCase[] = [...SHARED_CASES, ...NATIVE_CASES];

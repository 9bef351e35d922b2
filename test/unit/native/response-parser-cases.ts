import type { ParsedResponseHead, ResponseRefusal } from "../../../native-bindings/parsers.ts";

export interface ResponseCase {
  name: string;
  /** Latin-1: one character, one byte. */
  bytes: string;
  expected: ResponseRefusal | Partial<ParsedResponseHead>;
}

const ok = (fields: string, body = "") => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;
const line = (statusLine: string) => `${statusLine}\r\nContent-Length: 0\r\n\r\n`;
const old = (fields: string) => `HTTP/1.0 200 OK\r\n${fields}\r\n`;
const CHUNKS = "5\r\nhello\r\n0\r\n\r\n";

function table(cases: Record<string, [bytes: string, expected: ResponseCase["expected"]]>): ResponseCase[] {
  return Object.entries(cases).map(([name, [bytes, expected]]) => ({ name, bytes, expected }));
}

const statusLines = table({
  "a plain answer": [line("HTTP/1.1 200 OK"), { status: 200, reason: "OK", http10: false, keepAlive: true }],
  "a long reason": [line("HTTP/1.1 404 Not \tFound, sorry"), { status: 404, reason: "Not \tFound, sorry" }],
  "obs-text in the reason": [line("HTTP/1.1 200 d\xe9j\xe0"), { reason: "d\xe9j\xe0" }],
  "an empty reason": [line("HTTP/1.1 200 "), { status: 200, reason: "" }],
  "no reason and no space": [line("HTTP/1.1 200"), { status: 200, reason: "" }],
  "the least status": [line("HTTP/1.1 100 Continue"), { status: 100 }],
  "the greatest status": [line("HTTP/1.1 599 X"), { status: 599 }],
  "HTTP/1.0": [line("HTTP/1.0 200 OK"), { http10: true, keepAlive: false }],
  "status 099": [line("HTTP/1.1 099 X"), "badStatusLine"],
  "status 600": [line("HTTP/1.1 600 X"), "badStatusLine"],
  "status 999": [line("HTTP/1.1 999 X"), "badStatusLine"],
  "two digits": [line("HTTP/1.1 20 OK"), "badStatusLine"],
  "four digits": [line("HTTP/1.1 2000 OK"), "badStatusLine"],
  "no status": [line("HTTP/1.1 OK"), "badStatusLine"],
  "nothing after the version": [line("HTTP/1.1"), "badStatusLine"],
  "a letter in the status": [line("HTTP/1.1 2x0 OK"), "badStatusLine"],
  "no space after the status": [line("HTTP/1.1 200OK"), "badStatusLine"],
  "a tab after the status": [line("HTTP/1.1 200\tOK"), "badStatusLine"],
  "two spaces after the version": [line("HTTP/1.1  200 OK"), "badStatusLine"],
  "a tab after the version": [line("HTTP/1.1\t200 OK"), "badStatusLine"],
  "a space at the start": [line(" HTTP/1.1 200 OK"), "badStatusLine"],
  "a leading CRLF": [`\r\n${line("HTTP/1.1 200 OK")}`, "badStatusLine"],
  "another protocol": [line("ICY 200 OK"), "badStatusLine"],
  "a version in lower case": [line("http/1.1 200 OK"), "badStatusLine"],
  "no number in the version": [line("HTTP/ 200 OK"), "badStatusLine"],
  "a letter in the version": [line("HTTP/1.x 200 OK"), "badStatusLine"],
  "NUL in the reason": [line("HTTP/1.1 200 O\0K"), "badStatusLine"],
  "DEL in the reason": [line("HTTP/1.1 200 O\x7fK"), "badStatusLine"],
  "a control character in a long reason": [line("HTTP/1.1 200 all is well\x01 here"), "badStatusLine"],
  "a request": ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "badStatusLine"],
  "HTTP/1.2": [line("HTTP/1.2 200 OK"), "badVersion"],
  "HTTP/2": [line("HTTP/2 200"), "badVersion"],
  "HTTP/0.9": [line("HTTP/0.9 200 OK"), "badVersion"],
  "a bare LF after the status line": ["HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "badLineEnd"],
  "a bare LF after the status": ["HTTP/1.1 200\nContent-Length: 0\r\n\r\n", "badLineEnd"],
  "a bare CR in the reason": [line("HTTP/1.1 200 O\rK"), "badLineEnd"],
  "two CRs after the status line": [line("HTTP/1.1 200 OK\r"), "badLineEnd"],
  "a leading bare LF": [`\n${line("HTTP/1.1 200 OK")}`, "badLineEnd"],
});

const field = (name: string, value: string) => ({ fields: [{ name, value, id: 0 }] });
const fieldLines = table({
  "no field at all": [ok(""), { fields: [] }],
  "names in any case": [ok("X-MiXeD: Value\r\n"), field("x-mixed", "Value")],
  "blanks around a value": [ok("X: \t a b\t \r\n"), field("x", "a b")],
  "an empty value": [ok("X:\r\n"), field("x", "")],
  "obs-text in a value": [ok("X: \xc3\xa9\x80\r\n"), field("x", "\xc3\xa9\x80")],
  "a line without colon": [ok("X\r\n"), "badFieldLine"],
  "a space before the colon": [ok("X : a\r\n"), "badFieldLine"],
  "no name": [ok(": a\r\n"), "badFieldLine"],
  "a folded line": [ok("X: a\r\n b\r\n"), "badFieldLine"],
  "a blank before the first field": [ok(" X: a\r\n"), "badFieldLine"],
  "a space in a name": [ok("X Y: a\r\n"), "badFieldName"],
  "obs-text in a name": [ok("X\xe9: a\r\n"), "badFieldName"],
  "NUL in a value": [ok("X: \0\r\n"), "badFieldValue"],
  "a control character in a value": [ok("X: a\x1fb\r\n"), "badFieldValue"],
  "DEL in a value": [ok("X: a\x7f\r\n"), "badFieldValue"],
  "a bare LF after a field": [ok("X: a\nY: b\r\n"), "badLineEnd"],
  "a bare CR in a value": [ok("X: a\rb\r\n"), "badLineEnd"],
  "a bare LF for the empty line": ["HTTP/1.1 200 OK\r\nX: a\r\n\n", "badLineEnd"],
  "bare LFs everywhere": ["HTTP/1.1 200 OK\nX: a\n\n", "badLineEnd"],
});

const framing = table({
  "a length": [ok("Content-Length: 5\r\n", "hello"), { hasContentLength: true, contentLength: 5 }],
  "neither length nor chunked": [ok("", "hello"), { hasContentLength: false, chunked: false }],
  "fifteen digits": [ok("Content-Length: 999999999999999\r\n"), { contentLength: 999_999_999_999_999 }],
  "equal lengths": [ok("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), { contentLength: 5 }],
  "differing lengths": [ok("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), "duplicateLength"],
  "sixteen digits": [ok("Content-Length: 1000000000000000\r\n"), "badLength"],
  "a list of equal lengths": [ok("Content-Length: 5, 5\r\n", "hello"), "badLength"],
  "an empty length": [ok("Content-Length:\r\n"), "badLength"],
  "a negative length": [ok("Content-Length: -5\r\n"), "badLength"],
  "a plus before the length": [ok("Content-Length: +5\r\n", "hello"), "badLength"],
  "a hexadecimal length": [ok("Content-Length: 0x5\r\n", "hello"), "badLength"],
  chunked: [ok("Transfer-Encoding: chunked\r\n", CHUNKS), { chunked: true, hasContentLength: false }],
  "chunked in capitals": [ok("transfer-encoding: CHUNKED\r\n", CHUNKS), { chunked: true }],
  "chunked twice": [ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNKS), "badTransferCoding"],
  "gzip and chunked": [ok("Transfer-Encoding: gzip, chunked\r\n", CHUNKS), "badTransferCoding"],
  identity: [ok("Transfer-Encoding: identity\r\n"), "badTransferCoding"],
  "an unknown coding": [ok("Transfer-Encoding: xchunked\r\n", CHUNKS), "badTransferCoding"],
  "an empty coding": [ok("Transfer-Encoding:\r\n"), "badTransferCoding"],
  "chunked in HTTP/1.0": [old("Transfer-Encoding: chunked\r\n"), "badTransferCoding"],
  "a length, then chunked": [ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", CHUNKS), "lengthAndChunked"],
  "chunked, then a length": [ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", CHUNKS), "lengthAndChunked"],
  close: [ok("Connection: close\r\n"), { keepAlive: false, hasConnectionNames: false }],
  "close in a list": [ok("Connection: x-a, CLOSE\r\n"), { keepAlive: false, hasConnectionNames: true }],
  "keep-alive in HTTP/1.0": [old("Connection: Keep-Alive\r\n"), { keepAlive: true, http10: true }],
  "keep-alive and close in HTTP/1.0": [old("Connection: keep-alive\r\nConnection: close\r\n"), { keepAlive: false }],
  "no content": ["HTTP/1.1 204 No Content\r\n\r\n", { status: 204 }],
  "not modified with a length": ["HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", { contentLength: 5 }],
  "an interim answer": [
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    { status: 103, headLength: 40 },
  ],
  "an upgrade": [
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
    { status: 101, hasConnectionNames: true },
  ],
});

export const RESPONSE_CASES: readonly ResponseCase[] = [...statusLines, ...fieldLines, ...framing];

import { ERROR_CODES, type ErrorCode } from "../../../../contracts/errors.ts";
import type { Refusal } from "../engine.ts";

/** What the checks found out on the way. */
export interface RequestHead {
  refusal: Refusal | null;
  host: string;
  contentLength: number;
}

const VISIBLE_ASCII = /^[!-~]*$/;
// RFC 9110 §5.5 forbids control characters; U+FFFD is how uWebSockets.js marks bytes that are not UTF-8 and would get lost.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const BAD_FIELD_VALUE = /[\0-\x08\x0a-\x1f\x7f\ufffd]/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const DIGITS = /^[0-9]{1,15}$/;
// `.` and `..` as whole segments, plain or percent-encoded: what is checked here and what an upstream resolves must be one path.
// Some decode `%2F` before they resolve (nginx), to some `;` ends a segment's name (RFC 3986 §3.3).
const DOT_SEGMENT = /(?:\/|%2f|%5c)(?:\.|%2e){1,2}(?:[/;]|%2f|%5c|$)/i;

function refuse(code: ErrorCode, message: string): Refusal {
  return { code, status: ERROR_CODES[code].status, message };
}

/**
 * Refuses, before any stage runs, what uWebSockets.js lets through but can't frame, or what two parsers could read
 * differently (RFC 9112 §6.3, §3.2). Verified byte by byte in test/integration/acceptor/framing.test.ts.
 *
 * `headers` holds lower-case names and values, alternating.
 */
export function checkRequestHead(
  method: string,
  path: string,
  query: string,
  headers: readonly string[],
  maxHeaderBytes: number,
): RequestHead {
  let host: string | null = null;
  let contentLength: number | null = null;
  let bytes = method.length + path.length + query.length + 12;
  let refusal: Refusal | null = null;

  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    bytes += name.length + value.length + 4;
    if (name === "transfer-encoding") {
      return {
        refusal: refuse("length_required", "Transfer-Encoding is not accepted on this listener: send a Content-Length"),
        host: "",
        contentLength: 0,
      };
    }
    if (name === "content-length") {
      if (contentLength !== null) refusal = refuse("bad_framing", "Content-Length appears more than once");
      else if (!DIGITS.test(value)) refusal = refuse("bad_framing", "Content-Length is not a decimal number");
      contentLength = Number(value);
    } else if (name === "host") {
      if (host !== null) refusal = refuse("bad_framing", "Host appears more than once");
      else if (!isHost(value)) refusal = refuse("bad_framing", "Host is not a valid host name");
      host = value;
    } else if (!TOKEN.test(name)) {
      refusal = refuse("bad_framing", "a header name has characters that are not allowed");
    } else if (BAD_FIELD_VALUE.test(value)) {
      refusal = refuse("bad_framing", `the value of header ${name} has characters that are not allowed`);
    }
  }
  if (refusal === null) {
    if (host === null) refusal = refuse("bad_framing", "Host is missing");
    else if (bytes > maxHeaderBytes) {
      refusal = refuse("header_too_large", `the request head is longer than ${maxHeaderBytes} bytes`);
    } else refusal = checkTarget(method, path, query);
  }
  return { refusal, host: host === null ? "" : hostName(host), contentLength: contentLength ?? 0 };
}

function checkTarget(method: string, path: string, query: string): Refusal | null {
  if (!TOKEN.test(method) || method === "CONNECT") {
    return refuse("bad_framing", "the request method is not allowed");
  }
  if (!path.startsWith("/") || !VISIBLE_ASCII.test(path) || !VISIBLE_ASCII.test(query)) {
    return refuse("bad_framing", "the request target has characters that are not allowed: percent-encode them");
  }
  if (path.includes("#") || query.includes("#")) {
    return refuse("bad_framing", "the request target has a fragment");
  }
  if (path.includes("\\")) return refuse("bad_framing", "the request target has a backslash: percent-encode it");
  if (DOT_SEGMENT.test(path)) {
    return refuse("bad_framing", "the request path has dot segments: send it normalised (RFC 3986 §5.2.4)");
  }
  return null;
}

const HOST = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?$/;

function isHost(value: string): boolean {
  return HOST.test(value);
}

/** Lower case, without port, and without the dot that may end a complete domain name (RFC 1034 §3.1). */
function hostName(value: string): string {
  const end = value.startsWith("[") ? value.indexOf("]") + 1 : value.indexOf(":");
  const name = (end > 0 ? value.slice(0, end) : end === 0 ? "" : value).toLowerCase();
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

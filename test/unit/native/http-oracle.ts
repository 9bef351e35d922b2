/**
 * The grammars of RFC 9112 as regular expressions over whole messages, slow and short: what the native parsers let through
 * must be what these do. Text is Latin-1.
 */

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const TEXT = "[\\t\\x20-\\x7e\\x80-\\xff]*";
const FIELDS = `((?:${TOKEN}:${TEXT}\\r\\n)*)\\r\\n`;
const REQUEST = new RegExp(`^(?:\\r\\n){0,2}(${TOKEN}) ([\\x21-\\x7e]+) HTTP/1\\.([01])\\r\\n${FIELDS}`);
const RESPONSE = new RegExp(`^HTTP/1\\.([01]) ([1-5][0-9]{2})(?: (${TEXT}))?\\r\\n${FIELDS}`);
const HOST = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?$/;
const LENGTH = /^[0-9]{1,15}$/;
const DOT_SEGMENT = /(?:\/|%2f|%5c)(?:\.|%2e){1,2}(?:[/;]|%2f|%5c|$)/i;
const BLANKS_AROUND = /^[ \t]+|[ \t]+$/g;

type Fields = [name: string, value: string][];

export interface OracleHead {
  headLength: number;
  fields: Fields;
  chunked: boolean;
  length: number | undefined;
}

export interface OracleRequest extends OracleHead {
  method: string;
  path: string;
  query: string;
  hostName: string;
}

function fieldsOf(lines: string): Fields {
  return lines
    .split("\r\n")
    .slice(0, -1)
    .map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(BLANKS_AROUND, "")];
    });
}

/** Null where the framing is not allowed. `lengths`: how many Content-Lengths there may be, if they are equal. */
function framingOf(fields: Fields, http10: boolean, lengths: number): Pick<OracleHead, "chunked" | "length"> | null {
  const valuesOf = (name: string) => fields.filter((field) => field[0] === name).map((field) => field[1]);
  const codings = valuesOf("transfer-encoding");
  const sizes = valuesOf("content-length");
  if (!sizes.every((size) => LENGTH.test(size)) || sizes.length > lengths) return null;
  if (new Set(sizes.map(Number)).size > 1) return null;
  if (codings.length === 0) return { chunked: false, length: sizes[0] === undefined ? undefined : Number(sizes[0]) };
  if (http10 || codings.length > 1 || sizes.length > 0 || codings[0]?.toLowerCase() !== "chunked") return null;
  return { chunked: true, length: undefined };
}

/** A request head that has to be let in; null for anything else, also for one that is not complete. */
export function readRequest(text: string): OracleRequest | null {
  const match = REQUEST.exec(text);
  if (match === null) return null;
  const [whole, method = "", target = "", minor, lines = ""] = match;
  const http10 = minor === "0";
  const fields = fieldsOf(lines);
  const framing = framingOf(fields, http10, 1);
  const hosts = fields.filter(([name]) => name === "host").map(([, value]) => value);
  const expectations = fields.filter(([name]) => name === "expect").map(([, value]) => value.toLowerCase());
  if (framing === null || hosts.length > 1 || (hosts.length === 0 && !http10)) return null;
  if (!hosts.every((host) => HOST.test(host)) || method.toUpperCase() === "CONNECT") return null;
  if (expectations.length > 1 || (expectations[0] ?? "100-continue") !== "100-continue") return null;

  const absolute = /^https?:\/\/([^/?]+)(.*)$/i.exec(target);
  const authority = absolute?.[1];
  if (authority !== undefined) {
    if (!HOST.test(authority) || hostNameOf(authority) === "") return null;
    if (hosts[0] !== undefined && hosts[0].toLowerCase() !== authority.toLowerCase()) return null;
    if (absolute?.[2] === "" && method === "OPTIONS") return null;
    if (absolute?.[2] === "?" && method === "OPTIONS") return null;
  }
  const rest = absolute?.[2] ?? target;
  const question = rest.indexOf("?");
  const path = (question === -1 ? rest : rest.slice(0, question)) || (absolute === null ? "" : "/");
  const query = question === -1 ? "" : rest.slice(question + 1);
  if (!path.startsWith("/") && !(path === "*" && target === "*" && method === "OPTIONS")) return null;
  if (target.includes("#") || path.includes("\\") || DOT_SEGMENT.test(path)) return null;
  return {
    ...{ headLength: whole.length, fields, ...framing },
    ...{ method, path, query, hostName: hostNameOf(hosts[0] ?? authority ?? "") },
  };
}

function hostNameOf(host: string): string {
  return host
    .replace(/:[0-9]*$/, "")
    .toLowerCase()
    .replace(/\.$/, "");
}

/** A response head that has to be let in; null for anything else, also for one that is not complete. */
export function readResponse(text: string): (OracleHead & { status: number; reason: string }) | null {
  const match = RESPONSE.exec(text);
  if (match === null) return null;
  const [whole, minor, status, reason = "", lines = ""] = match;
  const fields = fieldsOf(lines);
  const framing = framingOf(fields, minor === "0", Number.POSITIVE_INFINITY);
  return framing && { headLength: whole.length, fields, ...framing, status: Number(status), reason };
}

const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
const EXTENSIONS = `(?:[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED}))?)*`;
const SIZE_LINE = new RegExp(`([0-9A-Fa-f]{1,15})${EXTENSIONS}\\r\\n`, "y");
const TRAILERS = new RegExp(FIELDS, "y");

/** A chunked body that is complete: its data, and how many bytes it takes; null for anything else. */
export function readChunked(text: string): { body: string; taken: number } | null {
  let body = "";
  let at = 0;
  for (;;) {
    SIZE_LINE.lastIndex = at;
    const line = SIZE_LINE.exec(text);
    if (line === null) return null;
    const size = Number.parseInt(line[1] ?? "", 16);
    at = SIZE_LINE.lastIndex;
    if (size === 0) break;
    body += text.slice(at, at + size);
    at += size + 2;
    if (at > text.length || text.slice(at - 2, at) !== "\r\n") return null;
  }
  TRAILERS.lastIndex = at;
  return TRAILERS.test(text) ? { body, taken: TRAILERS.lastIndex } : null;
}

import { headerName, headerValue } from "../../schema/scalars.ts";
import type { HeaderEditsPart } from "../configuration-part.ts";
import { literal } from "../names.ts";
import type { Notebook } from "../notebook.ts";
import { isSecretName, type Variables } from "../variables.ts";
import { type Constants, constantText, hasVariables } from "./constants.ts";
import type { Directive } from "./parse.ts";
import type { Scope } from "./scope.ts";

export interface HeaderContext {
  notes: Notebook;
  variables: Variables;
  constants: Constants;
}

export interface RequestHeaders {
  edits: HeaderEditsPart;
  /** `preserve`, or null for what `proxy_pass` names. */
  hostHeader: "preserve" | null;
}

/** Values that Tidegate writes by itself, in headers of these names. */
const WRITTEN: Readonly<Record<string, RegExp>> = {
  "x-forwarded-for": /^\$(?:proxy_add_x_forwarded_for|remote_addr)$/,
  "x-forwarded-proto": /^\$scheme$/,
  "x-forwarded-host": /^\$(?:http_)?host$/,
  "x-request-id": /^\$request_id$/,
};

/** What frames a message is the gateway's own business, hop by hop. */
const FRAMING = new Set([
  "connection",
  "upgrade",
  "content-length",
  "transfer-encoding",
  "te",
  "keep-alive",
  "expect",
  "trailer",
  "proxy-connection",
]);

/** `proxy_set_header`, with nginx's own `Host`. A block with one of its own inherits none. */
export function requestHeaders(scope: Scope, groupName: string | null, context: HeaderContext): RequestHeaders {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  let hostHeader: "preserve" | null = null;
  let setsHost = false;
  for (const directive of scope.findAll("proxy_set_header").filter((one) => isHeader(one, context.notes))) {
    const name = (directive.args[0] ?? "").toLowerCase();
    const value = directive.args[1] ?? "";
    if (name === "host") {
      setsHost = true;
      const host = hostOf(directive, value, scope, context);
      if (host === "preserve") hostHeader = "preserve";
      else if (host !== null) set.host = host;
      else setsHost = false;
    } else if (!isWritten(directive, name, value, context)) {
      const text = headerText(directive, name, value, scope, context);
      if (text === null) remove.push(name);
      else set[name] = text;
    }
  }
  // `$proxy_host` is the name of a group, where there is one.
  if (!setsHost && groupName !== null) set.host = groupName;
  return { edits: editsOf({}, set, remove), hostHeader };
}

/** null: the target's own host, as `$proxy_host` says. */
function hostOf(directive: Directive, value: string, scope: Scope, context: HeaderContext): string | "preserve" | null {
  const { notes, constants } = context;
  if (value === "$proxy_host") return null;
  if (value === "$http_host") return "preserve";
  if (/^\$host(?::\$(?:server_port|proxy_port))?$/.test(value)) {
    const why = "the upstream gets the caller's Host header as it is, with its port if it has one";
    notes.changed(
      directive.place,
      `proxy_set_header Host ${value}`,
      why,
      "nothing, unless the upstream minds the port",
    );
    return "preserve";
  }
  const text = value === "" ? null : constantText(value, scope, constants);
  if (text !== null) return literal(text);
  const why = value === "" ? "a request without Host can't be sent" : "its value differs from call to call";
  notes.changed(
    directive.place,
    "proxy_set_header Host",
    `${why}; the caller's Host is passed on`,
    "set `request_headers.set.host` to a fixed host, if the upstream needs one",
  );
  return "preserve";
}

/** True where nothing is left to do. */
function isWritten({ place }: Directive, name: string, value: string, { notes }: HeaderContext): boolean {
  if (FRAMING.has(name)) {
    if (name === "upgrade" && value !== "") {
      const why = "connections are not upgraded: WebSocket calls to this location fail";
      notes.leftOut(
        place,
        "WebSocket (proxy_set_header Upgrade)",
        why,
        "leave nginx in front of the paths that need it",
      );
    }
    return true;
  }
  if (value === `$http_${name.replaceAll("-", "_")}`) return true;
  if (WRITTEN[name]?.test(value) !== true) return false;
  if (value === "$proxy_add_x_forwarded_for") {
    const why = "Tidegate writes the header itself, and takes over what a caller put into it only from a trusted proxy";
    notes.changed(
      place,
      "X-Forwarded-For $proxy_add_x_forwarded_for",
      why,
      "list the proxies in front of Tidegate in `trusted_proxies`",
    );
  }
  return true;
}

/** The value to set; null to remove the header, since a caller's own must not be taken for the gateway's. */
function headerText(
  { place }: Directive,
  name: string,
  value: string,
  scope: Scope,
  { notes, variables, constants }: HeaderContext,
): string | null {
  if (value === "") return null;
  const what = `proxy_set_header ${name}`;
  if (isSecretName(name) && !hasVariables(value)) return variables.forSecret(value, `UPSTREAM_${name}`, place, what);
  const text = constantText(value, scope, constants);
  if (text !== null) return literal(text);
  const instead =
    name === "x-real-ip"
      ? "let the upstream read X-Forwarded-For, which Tidegate writes"
      : "let the upstream do without it, or read a header that Tidegate writes (X-Forwarded-For, -Proto, -Host, X-Request-Id)";
  notes.leftOut(
    place,
    what,
    "its value differs from call to call, which header edits can't say; a caller's own is removed",
    instead,
  );
  return null;
}

/** `add_header`, `proxy_hide_header` and `more_clear_headers`. */
export function responseHeaders(scope: Scope, context: HeaderContext): HeaderEditsPart {
  const { notes, variables, constants } = context;
  const add: Record<string, string> = {};
  for (const { args, place } of scope.findAll("add_header").filter((one) => isHeader(one, notes))) {
    const [name = "", value = "", always] = args;
    const what = `add_header ${name}`;
    if (value === "") continue;
    const text = constantText(value, scope, constants);
    if (text === null) {
      notes.leftOut(
        place,
        what,
        "its value differs from call to call, which header edits can't say",
        "let the upstream send it",
      );
      continue;
    }
    if (FRAMING.has(name.toLowerCase())) {
      notes.leftOut(place, what, "the gateway frames messages itself", "nothing");
      continue;
    }
    if (always !== "always") {
      const why =
        "without `always` nginx adds it to answers with status 200, 201, 204, 206 and 301 to 308 alone, Tidegate to all answers of the upstream";
      notes.changed(place, "add_header", why, "nothing, unless errors must be without it");
    }
    const key = name.toLowerCase();
    if (Object.hasOwn(add, key)) {
      notes.leftOut(place, `${what} a second time`, "a header can be added once", "join both values with a comma");
      continue;
    }
    add[key] =
      isSecretName(name) && !/^(?:set-cookie|.*-policy)$/i.test(name)
        ? variables.forSecret(value, `ANSWER_${name}`, place, what)
        : literal(text);
  }
  const hidden = scope.findAll("proxy_hide_header").filter((one) => isHeader(one, notes));
  const remove = hidden.map(({ args }) => (args[0] ?? "").toLowerCase());
  return editsOf(add, {}, remove);
}

function isHeader({ name, args, place }: Directive, notes: Notebook): boolean {
  const isName = headerName.safeParse(args[0]).success;
  if (isName && headerValue.safeParse(args[1] ?? "").success) return true;
  notes.leftOut(
    place,
    name,
    `its ${isName ? "value" : "name"} is none that a header can have`,
    "set the header by hand",
  );
  return false;
}

function editsOf(add: Record<string, string>, set: Record<string, string>, remove: readonly string[]): HeaderEditsPart {
  return {
    ...(Object.keys(add).length > 0 ? { add } : {}),
    ...(Object.keys(set).length > 0 ? { set } : {}),
    ...(remove.length > 0 ? { remove: [...new Set(remove)] } : {}),
  };
}

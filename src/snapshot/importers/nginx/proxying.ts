import type { RetriesPart, ServicePart, TimeoutsPart } from "../configuration-part.ts";
import type { Notebook } from "../notebook.ts";
import { duration, wholeNumber } from "../shape.ts";
import type { Directive } from "./parse.ts";
import type { Scope } from "./scope.ts";
import { parseSizeBytes, parseTimeMs, size } from "./values.ts";

export const DEFAULT_BODY_BYTES = 1024 ** 2;
/** Of a service for which nginx has no limit: streams are not held in memory, but a listener must have one. */
export const UNLIMITED_BODY_BYTES = 1024 ** 3;

/** `proxy_*_timeout`. Where nginx's file says nothing, Tidegate's defaults hold. */
export function timeouts(scope: Scope, notes: Notebook): TimeoutsPart {
  const connect = timeOf(scope.find("proxy_connect_timeout"), notes);
  const read = timeOf(scope.find("proxy_read_timeout"), notes);
  const sendDirective = scope.find("proxy_send_timeout");
  const send = timeOf(sendDirective, notes);
  const idle = read === null && send === null ? null : Math.max(read ?? 60_000, send ?? 60_000);
  if (sendDirective !== null && send !== (read ?? 60_000)) {
    const why = "one timeout (`idle`) holds for silence in both directions; the longer one was taken";
    notes.changed(sendDirective.place, "proxy_send_timeout", why, "adjust `timeouts.idle`");
  }
  return {
    ...(connect === null ? {} : { connect: duration(Math.max(connect, 1)) }),
    ...(read === null ? {} : { first_byte: duration(read) }),
    ...(idle === null ? {} : { idle: duration(idle) }),
  };
}

function timeOf(directive: Directive | null, notes: Notebook): number | null {
  if (directive === null) return null;
  const milliseconds = parseTimeMs(directive.args.join(" "));
  if (milliseconds === null)
    notes.leftOut(directive.place, directive.name, "its time can't be read", "set `timeouts` by hand");
  return milliseconds;
}

const CAUSES: Readonly<Record<string, readonly (string | number)[]>> = {
  error: ["connect", "reset"],
  timeout: ["timeout"],
  invalid_header: ["reset"],
  http_500: [500],
  http_502: [502],
  http_503: [503],
  http_504: [504],
  http_403: [403],
  http_404: [404],
  http_429: [429],
};
const MAX_RETRIES = 10;

/** `proxy_next_upstream`: each server is tried once. */
export function retries(scope: Scope, serverCount: number, notes: Notebook): RetriesPart {
  const directive = scope.find("proxy_next_upstream");
  const causes = directive?.args ?? ["error", "timeout"];
  const tries = wholeNumber(scope.find("proxy_next_upstream_tries")?.args[0] ?? 0, 0, MAX_RETRIES + 1) ?? 0;
  const others = Math.min(tries > 0 ? Math.min(tries, serverCount) : serverCount, MAX_RETRIES + 1) - 1;
  if (causes.includes("non_idempotent") && directive !== null) {
    const why = "calls that may have an effect twice (POST, PATCH) are repeated only when they can't have been sent";
    notes.changed(directive.place, "proxy_next_upstream non_idempotent", why, "nothing");
  }
  const total = scope.find("proxy_next_upstream_timeout");
  if (total !== null && total.args[0] !== "0") {
    const why = "there is no limit on the time of retries alone";
    notes.leftOut(total.place, total.name, why, "set `timeouts.total`, which limits the whole call");
  }
  if (causes.includes("off") || others <= 0) return { attempts: 0 };
  const on = [...new Set(causes.flatMap((cause) => CAUSES[cause] ?? []))];
  return { attempts: others, on };
}

/** `client_max_body_size`, in bytes. */
export function bodyLimitBytes(scope: Scope, notes: Notebook): number {
  const directive = scope.find("client_max_body_size");
  if (directive === null) return DEFAULT_BODY_BYTES;
  const bytes = parseSizeBytes(directive.args[0]);
  if (bytes === null) {
    notes.changed(
      directive.place,
      directive.name,
      "its size can't be read; nginx's default was taken",
      "set `max_body_size`",
    );
    return DEFAULT_BODY_BYTES;
  }
  if (bytes > 0) return bytes;
  const why = `without a limit is not possible; it is ${size(UNLIMITED_BODY_BYTES)}`;
  notes.changed(
    directive.place,
    "client_max_body_size 0",
    why,
    "set `max_body_size` of service and listener to what is needed",
  );
  return UNLIMITED_BODY_BYTES;
}

/** Directives that keep callers out, with what Tidegate has for it. */
const GUARDS: Readonly<Record<string, string>> = {
  auth_basic: "give each caller an application with a key",
  auth_request: "give each caller an application with a key",
  auth_jwt: "give each caller an application with a key",
  ssl_verify_client: "give each caller an application with a key",
  secure_link: "give each caller an application with a key",
  valid_referers: "nothing: a Referer keeps nobody out",
  deny: "keep addresses out with a firewall, or give callers applications with keys",
};

/** What keeps callers out of a location. An imported service that nobody may call is better than an open one. */
export function guardsOf(scope: Scope): Directive[] {
  return Object.keys(GUARDS).flatMap((name) => {
    const found =
      name === "deny" ? scope.findAll("allow", "deny").filter((one) => one.name === "deny") : [scope.find(name)];
    return found.filter((one) => one !== null && one.args[0] !== "off");
  }) as Directive[];
}

export function noteGuards(guards: readonly Directive[], access: ServicePart["access"], notes: Notebook): void {
  for (const { name, place } of guards) {
    const why =
      access === "open"
        ? "it has no counterpart, and the service is open to all, as was asked for"
        : `it has no counterpart; so that nobody gets in who could not before, the service asks for \`access: ${access}\``;
    notes.changed(place, name, why, GUARDS[name] ?? "give each caller an application with a key");
  }
}

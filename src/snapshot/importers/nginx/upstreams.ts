import type { UpstreamPart } from "../configuration-part.ts";
import type { Place } from "../import-result.ts";
import type { Notebook } from "../notebook.ts";
import { duration, wholeNumber } from "../shape.ts";
import type { Directive } from "./parse.ts";
import { parseTimeMs } from "./values.ts";

/** A group of servers, or a single one that `proxy_pass` names itself. */
export interface UpstreamGroup {
  /** As in the Host header where nothing else is said (`$proxy_host`). */
  hostHeader: string;
  /** null: named by `proxy_pass` itself. */
  name: string | null;
  servers: readonly { address: string; weight: number }[];
  balancing: Pick<UpstreamPart, "balance" | "hash_on">;
  health: UpstreamPart["health"] | null;
}

const DEFAULT_MAX_FAILS = 1;
const MAX_FAILURES = 1000;
const MAX_WEIGHT = 1_000_000;
const DEFAULT_FAIL_TIMEOUT_MS = 10_000;

interface Server {
  address: string;
  weight: number;
  maxFails: number;
  failTimeoutMs: number;
  place: Place;
}

/** An `upstream` block. null: none of its servers can be called. */
export function readUpstream(directive: Directive, notes: Notebook): UpstreamGroup | null {
  const name = directive.args[0] ?? "";
  const block = directive.block ?? [];
  const servers = block
    .filter((one) => one.name === "server")
    .map((one) => readServer(one, name, notes))
    .filter((one) => one !== null);
  const balancing = readBalancing(block, notes);
  for (const one of block) noteOther(one, notes);
  if (servers.length === 0) {
    const instead = "give its service targets by hand";
    notes.leftOut(directive.place, `upstream ${name}`, "none of its servers could be carried over", instead);
    return null;
  }
  return {
    hostHeader: name,
    name,
    servers: servers.map(({ address, weight }) => ({ address, weight })),
    balancing,
    health: readHealth(servers, notes),
  };
}

function readServer({ args, place }: Directive, group: string, notes: Notebook): Server | null {
  const [address = "", ...parameters] = args;
  const server: Server = {
    address,
    weight: 1,
    maxFails: DEFAULT_MAX_FAILS,
    failTimeoutMs: DEFAULT_FAIL_TIMEOUT_MS,
    place,
  };
  const what = `server ${address} of upstream ${group}`;
  for (const parameter of parameters) {
    const [name, value] = parameter.split("=", 2);
    if (name === "down" || name === "backup") {
      const why =
        name === "down"
          ? "it is marked `down`"
          : "`backup` servers, which are called when all others fail, have no counterpart";
      const instead =
        name === "down"
          ? "add it to the service's targets when it is up again"
          : "add it to the service's targets (it then takes its share of calls), and let health checks take failing ones out";
      notes.leftOut(place, what, why, instead);
      return null;
    }
    if (name === "weight") server.weight = wholeNumber(value, 1, MAX_WEIGHT) ?? 1;
    else if (name === "max_fails") server.maxFails = wholeNumber(value, 0, MAX_FAILURES) ?? DEFAULT_MAX_FAILS;
    else if (name === "fail_timeout") server.failTimeoutMs = parseTimeMs(value) ?? DEFAULT_FAIL_TIMEOUT_MS;
    else {
      const instead =
        name === "resolve"
          ? "nothing: names are looked up again by themselves"
          : "limit the service's calls with `limits`";
      notes.leftOut(place, `${name} of ${what}`, "it has no counterpart", instead);
    }
  }
  return server;
}

function readBalancing(block: readonly Directive[], notes: Notebook): UpstreamGroup["balancing"] {
  for (const { name, args, place } of block) {
    if (name === "least_conn") return { balance: "least-connections" };
    if (name === "ip_hash") {
      noteRing(place, "ip_hash", notes);
      return { balance: "consistent-hash", hash_on: { type: "address" } };
    }
    if (name === "hash") return readHash(args, place, notes);
    if (name === "random") {
      if (args[0] === "two") return { balance: "least-connections" };
      notes.changed(place, "random", "targets take turns instead", "nothing, or set `balance: least-connections`");
      return {};
    }
    if (name === "sticky") {
      const instead =
        "use `balance: consistent-hash` with `hash_on: { type: cookie, name: … }` and a cookie the application sets";
      notes.changed(place, "sticky", "the gateway sets no cookies; targets take turns", instead);
      return {};
    }
  }
  return {};
}

function readHash(args: readonly string[], place: Place, notes: Notebook): UpstreamGroup["balancing"] {
  const [, kind, name] = /^\$(?:\{)?(http|cookie|arg)_(\w+?)\}?$/.exec(args[0] ?? "") ?? [];
  if (/^\$\{?(?:binary_)?remote_addr\}?$/.test(args[0] ?? "")) {
    noteRing(place, "hash", notes);
    return { balance: "consistent-hash", hash_on: { type: "address" } };
  }
  if ((kind === "http" || kind === "cookie") && name !== undefined) {
    noteRing(place, "hash", notes);
    const hashed =
      kind === "http"
        ? { type: "header" as const, name: name.replaceAll("_", "-") }
        : { type: "cookie" as const, name };
    return { balance: "consistent-hash", hash_on: hashed };
  }
  const why = "only a header, a cookie or the client's address can be hashed; targets take turns instead";
  notes.changed(
    place,
    "hash",
    why,
    "use `balance: consistent-hash` with one of these, if calls must stay on one target",
  );
  return {};
}

function noteRing(place: Place, what: string, notes: Notebook): void {
  const why = "the ring of consistent hashing is another one, so most clients change their target once";
  notes.changed(
    place,
    what,
    why,
    "nothing, unless sessions live in the servers' memory: then change over when few are open",
  );
}

/** nginx counts failures within `fail_timeout`, for each server; one server alone is never taken out. */
function readHealth(servers: readonly Server[], notes: Notebook): UpstreamGroup["health"] {
  const [first] = servers;
  if (first === undefined || servers.length === 1 || servers.every(({ maxFails }) => maxFails === 0)) return null;
  const counted = servers.filter(({ maxFails }) => maxFails > 0);
  const failures = Math.max(...counted.map(({ maxFails }) => maxFails));
  const failTimeoutMs = Math.max(...counted.map(({ failTimeoutMs }) => failTimeoutMs));
  const differ = servers.find((one) => one.maxFails !== first.maxFails || one.failTimeoutMs !== first.failTimeoutMs);
  if (differ !== undefined) {
    const why = "all targets of a service have the same; the largest values were taken";
    notes.changed(
      differ.place,
      "max_fails and fail_timeout that differ between servers",
      why,
      "adjust `health.passive`",
    );
  }
  return { passive: { failures: failures, eject: duration(Math.max(failTimeoutMs, 1)) } };
}

/** `keepalive` and the like: connections to targets are kept in any case. */
const NOT_NEEDED = new Set(["keepalive", "keepalive_requests", "keepalive_timeout", "keepalive_time", "zone"]);
const READ = new Set(["server", "least_conn", "ip_hash", "hash", "random", "sticky"]);

function noteOther({ name, place }: Directive, notes: Notebook): void {
  if (READ.has(name)) return;
  if (NOT_NEEDED.has(name)) {
    notes.leftOut(place, name, "connections to targets are kept open, and their state shared, without it", "nothing");
  } else
    notes.leftOut(place, name, "it has no counterpart in an upstream", "see `upstream` in the configuration reference");
}

/** The address as a URL's authority; sockets as `proxy_pass` writes them. */
export function urlOf(scheme: string, address: string, base: string): string {
  if (address.startsWith("unix:")) return `${scheme}://${address}${base === "" ? "" : `:${base}`}`;
  const hasPort = /:\d+$/.test(address) && !/^[^[]*:.*:/.test(address);
  return `${scheme}://${hasPort ? address : `${address}:80`}${base}`;
}

import { posix } from "node:path";
import type { Access } from "../../../contracts/snapshot.ts";
import { addressRange } from "../../schema/addresses.ts";
import type { ConfigurationPart, ServicePart } from "../configuration-part.ts";
import { ImportError, type ImportResult } from "../import-result.ts";
import { Notebook } from "../notebook.ts";
import { Variables } from "../variables.ts";
import { assembleServices } from "./assemble.ts";
import type { Draft } from "./draft.ts";
import { Includes, type SourceFiles } from "./includes.ts";
import { listenersOf } from "./listeners.ts";
import { draftOf, type ServerContext } from "./location-draft.ts";
import { locationsOf } from "./locations.ts";
import { noteOthers } from "./other-directives.ts";
import { type Directive, parseNginx } from "./parse.ts";
import { readLimitZones } from "./request-limits.ts";
import { Scope } from "./scope.ts";
import { readServers, type Server } from "./servers.ts";
import { readUpstream } from "./upstreams.ts";
import { parseSizeBytes, size } from "./values.ts";

export interface NginxSource {
  file: string;
  text: string;
}

export interface NginxImportOptions {
  /** Where relative includes and certificates begin; by default the folder of the first file. */
  includeRoot?: string;
  files: SourceFiles;
  /** `access` of the services; nginx lets everybody in. */
  access?: Access;
  team?: string;
}

/** Directives of the `http` context, in files such as those of `sites-enabled`. */
const HTTP_CONTEXT = new Set(["server", "upstream", "map", "limit_req_zone", "proxy_cache_path"]);

/** An nginx.conf, or files with `server` and `upstream` blocks, taken as one. Throws ImportError. */
export function importNginx(sources: readonly NginxSource[], options: NginxImportOptions): ImportResult {
  const notes = new Notebook();
  const variables = new Variables(notes);
  const root = options.includeRoot ?? posix.dirname(sources[0]?.file ?? "");
  const includes = new Includes(options.files, root, notes);
  const directives = sources.flatMap(({ file, text }) => includes.expand(parseNginx(file, text)));
  const http = new Scope(httpDirectives(directives, sources[0]?.file ?? ""), null);
  const upstreams = new Map(http.allOwn("upstream").map((one) => [one.args[0] ?? "", readUpstream(one, notes)]));
  const zones = readLimitZones(http.allOwn("limit_req_zone"), notes);
  const resolveFile = (path: string) => (posix.isAbsolute(path) ? path : posix.join(root, path));
  const skipped = new Set<Directive>();
  const drafts: Draft[] = [];
  const served: Server[] = [];

  for (const server of readServers(http, notes)) {
    const hosts = [...server.names, ...(server.takesOthers ? [null] : [])];
    const context: ServerContext = {
      notes,
      variables,
      constants: server.constants,
      upstreams,
      zones,
      locations: locationsOf(server.scope),
      hosts,
      access: options.access ?? "open",
      team: options.team ?? null,
      resolveFile,
    };
    if (hosts.length === 0 || answersItself(server, notes)) {
      skipped.add(server.directive);
      continue;
    }
    noteServerRewrites(server, notes);
    const own = draftsOf(context, skipped);
    if (own.length > 0) {
      served.push(server);
      noteOtherHosts(server, notes);
    } else {
      const why =
        "none of its locations could be carried over, so its ports are not listened on unless another server has them";
      notes.leftOut(server.directive.place, "server", why, "leave nginx in front of it");
    }
    drafts.push(...own);
  }

  const services = assembleServices(drafts, notes);
  noteFallThrough(services, drafts, notes);
  noteSharedZones(http, services, notes);
  const proxies = trustedProxies(directives, notes);
  noteOthers(directives, skipped, notes);
  const listeners = listenersOf(served, resolveFile, notes).map((listener) => withBodyLimit(listener, services));
  const configuration: ConfigurationPart = {
    version: 1,
    ...(listeners.length === 0 ? {} : { listeners }),
    ...(proxies.length === 0 ? {} : { trusted_proxies: proxies }),
    ...(services.length === 0 ? {} : { services }),
  };
  return { configuration, notes: notes.list(), variables: variables.list() };
}

function httpDirectives(directives: readonly Directive[], file: string): Directive[] {
  const blocks = directives.filter(({ name, block }) => name === "http" && block !== null);
  if (blocks.length > 0)
    return directives.flatMap((one) =>
      blocks.includes(one) ? (one.block ?? []) : HTTP_CONTEXT.has(one.name) ? [one] : [],
    );
  if (directives.some(({ name }) => HTTP_CONTEXT.has(name))) return [...directives];
  const [location] = directives.filter(({ name }) => name === "location");
  if (location !== undefined) {
    throw new ImportError(
      location.place,
      "a `location` without a `server` around it: import the file that includes this one",
    );
  }
  throw new ImportError(
    { file, line: 1, column: 1 },
    "there is no `http`, `server` or `upstream` block: is it an nginx configuration?",
  );
}

/** What an `if` or `return` of the server does, it does before any location is looked up. */
function answersItself({ scope, listens, directive }: Server, notes: Notebook): boolean {
  const answer = scope.own("return");
  if (answer === null) return false;
  const status = answer.args[0] ?? "";
  const isRedirect = !/^\d{3}$/.test(status) || status.startsWith("3");
  const ports = [...new Set(listens.map(({ port }) => port))].join(", ");
  if (isRedirect) {
    const why = `the server only redirects, which Tidegate does not; it is left out, and its port (${ports}) with it unless another server has it: calls to it would be served without TLS`;
    notes.leftOut(
      directive.place,
      "server with a redirect",
      why,
      "redirect in front of Tidegate, or publish the address redirected to alone",
    );
  } else
    notes.leftOut(
      directive.place,
      "server with a fixed answer",
      "Tidegate gives no answers of its own; calls without a route get 404",
      "nothing",
    );
  return true;
}

function noteOtherHosts({ wouldTakeOthers, directive }: Server, notes: Notebook): void {
  if (!wouldTakeOthers) return;
  const why =
    "nginx also sends it calls for hosts that no server names, for it is the first on its address; here those are answered with 404";
  notes.changed(
    directive.place,
    "server",
    why,
    "add routes without `host`, if calls come by other names or by address",
  );
}

function noteServerRewrites({ scope }: Server, notes: Notebook): void {
  for (const { place } of scope.allOwn("rewrite")) {
    notes.leftOut(
      place,
      "rewrite in a server",
      "it holds before any location is chosen; routes rewrite paths once they are chosen",
      "move it into the location it is meant for, or write the route with `rewrite` by hand",
    );
  }
}

function draftsOf(context: ServerContext, skipped: Set<Directive>): Draft[] {
  return context.locations.flatMap((location) => {
    const { matcher, directive, scope } = location;
    if (matcher.kind === "named") return [];
    const draft = draftOf(location, context);
    // A location with others in it has been said nothing about but that it answers no calls itself.
    if (draft === null && scope.own("location") === null) skipped.add(directive);
    // Said already, with the location it falls back to.
    const fallback = scope.own("try_files");
    if (draft !== null && fallback !== null) skipped.add(fallback);
    return draft === null ? [] : [draft];
  });
}

/** A host with routes of its own falls through to those without host; nginx would stay in the server. */
function noteFallThrough(services: readonly ServicePart[], drafts: readonly Draft[], notes: Notebook): void {
  const routes = services.flatMap((service) => service.routes);
  const others = routes.filter((route) => route.host === undefined);
  if (others.length === 0) return;
  const whole = new Set(routes.filter(({ path, match }) => path === "/" && match === "prefix").map(({ host }) => host));
  for (const { place, hosts } of drafts) {
    const host = hosts.find((one) => one !== null && !whole.has(one));
    if (host === undefined || host === null || hosts.includes(null)) continue;
    const why =
      "paths of the host that no location matches go to the routes without host; nginx would answer them in the host's own server";
    notes.changed(place, `host ${host}`, why, "add a route for `/` of this host, if that matters");
  }
  const [first] = drafts.filter(
    ({ hosts, routes: own }) => hosts.includes(null) && own.some(({ path }) => path === "/"),
  );
  if (first === undefined) return;
  const why =
    "without a host, the unified API (/v1/chat/completions, /v1/responses, /v1/messages, /v1/embeddings, /v1/models) and /health/liveness and /health/readiness are Tidegate's own, and not the upstream's";
  notes.changed(first.place, first.what, why, "give the routes hosts, if the upstream has such paths");
}

/** A zone is one counter for all locations that use it; limits are counted for each service. */
function noteSharedZones(http: Scope, services: readonly ServicePart[], notes: Notebook): void {
  if (services.filter(({ limits }) => limits !== undefined).length < 2) return;
  for (const { place } of http.allOwn("limit_req_zone")) {
    const why = "each service counts for itself; in nginx a zone is one counter for all locations that use it";
    notes.changed(
      place,
      "limit_req_zone of several services",
      why,
      "limit applications, or lower the services' limits",
    );
  }
}

function trustedProxies(directives: readonly Directive[], notes: Notebook): string[] {
  const all = directives.flatMap(function within(one): Directive[] {
    return [one, ...(one.block ?? []).flatMap(within)];
  });
  for (const { name, args, place } of all) {
    if (name !== "real_ip_header" || /^x-forwarded-for$/i.test(args[0] ?? "")) continue;
    const why = "the client's address is taken from Forwarded or X-Forwarded-For";
    notes.changed(place, `real_ip_header ${args[0]}`, why, "let the proxy in front send X-Forwarded-For");
  }
  const found = all.filter(({ name }) => name === "set_real_ip_from");
  return [
    ...new Set(
      found.flatMap(({ args, place }) => {
        const range = args[0] ?? "";
        if (addressRange.safeParse(range).success) return [range];
        notes.leftOut(
          place,
          `set_real_ip_from ${range}`,
          "a trusted proxy is an address or a range of addresses",
          "list its addresses in `trusted_proxies`",
        );
        return [];
      }),
    ),
  ];
}

/** The listener's limit holds before the service's: it is the largest of them. */
function withBodyLimit<Listener extends object>(listener: Listener, services: readonly ServicePart[]): Listener {
  const bytes = Math.max(...services.map(({ max_body_size }) => bytesOf(max_body_size)));
  return bytes > DEFAULT_LISTENER_BODY_BYTES ? { ...listener, max_body_size: size(bytes) } : listener;
}

const DEFAULT_LISTENER_BODY_BYTES = 10 * 1024 ** 2;

function bytesOf(value: string | number | undefined): number {
  return typeof value === "number" ? value : (parseSizeBytes(String(value).replace("iB", "")) ?? 0);
}

import type { Access } from "../../../contracts/snapshot.ts";
import { targetUrl } from "../../schema/addresses.ts";
import { filePath, method as methodScalar } from "../../schema/scalars.ts";
import type { ServicePart } from "../configuration-part.ts";
import { idFrom } from "../names.ts";
import type { Notebook } from "../notebook.ts";
import type { Variables } from "../variables.ts";
import type { Constants } from "./constants.ts";
import type { Draft } from "./draft.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { locationRoutes } from "./location-routes.ts";
import { describeLocation, type Location, staticPrefix } from "./locations.ts";
import type { Directive } from "./parse.ts";
import type { PathRoute } from "./paths.ts";
import { type ProxyPass, readProxyPass } from "./proxy-pass.ts";
import { bodyLimitBytes, guardsOf, noteGuards, retries, timeouts } from "./proxying.ts";
import { type LimitZone, requestLimits } from "./request-limits.ts";
import type { Scope } from "./scope.ts";
import { type UpstreamGroup, urlOf } from "./upstreams.ts";
import { size } from "./values.ts";

export interface ServerContext {
  notes: Notebook;
  variables: Variables;
  constants: Constants;
  upstreams: ReadonlyMap<string, UpstreamGroup | null>;
  zones: ReadonlyMap<string, LimitZone>;
  locations: readonly Location[];
  /** Hosts the server's routes are for; null: any. */
  hosts: readonly (string | null)[];
  access: Access;
  team: string | null;
  /** The folder relative paths begin in. */
  resolveFile(path: string): string;
}

/** A location from which calls go to an upstream. */
export interface Proxied {
  /** Whose directives hold: its own, or those of the named location it falls back to. */
  scope: Scope;
  directive: Directive;
  pass: ProxyPass;
}

/** What carries out the calls of a location. */
export function handlerOf(location: Location, context: ServerContext): Proxied | string {
  const { scope } = location;
  const returned = scope.own("return");
  if (returned !== null) return "Tidegate forwards calls, and gives no answers of its own (`return`)";
  const pass = scope.own("proxy_pass");
  if (pass !== null) return proxied(scope, pass, context);
  const other = scope.directives.find(({ name }) => /^(?:fastcgi|uwsgi|scgi|grpc|memcached)_pass$/.test(name));
  if (other !== undefined) return `Tidegate speaks HTTP to upstreams, and not the protocol of \`${other.name}\``;
  const program = scope.directives.find(({ name }) =>
    /^(?:content|access|rewrite)_by_lua|^js_content$|^perl$/.test(name),
  );
  if (program !== undefined) return `programs in the gateway (\`${program.name}\`) have no counterpart`;
  const fallback = scope.find("try_files")?.args.at(-1);
  const named = context.locations.find(({ matcher }) => matcher.kind === "named" && matcher.name === fallback);
  const namedPass = named?.scope.own("proxy_pass") ?? null;
  if (named !== undefined && namedPass !== null) return proxied(named.scope, namedPass, context);
  const redirects = scope.allOwn("rewrite").some(({ args }) => args[2] === "permanent" || args[2] === "redirect");
  return redirects ? "Tidegate forwards calls, and does not redirect callers" : "Tidegate serves no files";
}

function proxied(scope: Scope, directive: Directive, context: ServerContext): Proxied | string {
  const pass = readProxyPass(directive.args[0] ?? "", scope, context.constants);
  return typeof pass === "string" ? pass : { scope, directive, pass };
}

/** What a location becomes; null, and a note, where that is nothing. */
export function draftOf(location: Location, context: ServerContext): Draft | null {
  const { notes } = context;
  const what = describeLocation(location);
  const handler = handlerOf(location, context);
  const denies = deniesAll(location.scope);
  if (typeof handler === "string" || denies) {
    return leftOut(location, denies || typeof handler !== "string" ? "it lets nobody in" : handler, denies, context);
  }
  if (handler.scope !== location.scope) {
    const why = "no files are served: all its calls go to the location it falls back to";
    notes.changed(
      location.directive.place,
      `try_files in ${what}`,
      why,
      "serve the files by the upstream, or leave nginx in front",
    );
  }
  const routes = locationRoutes(location, handler, context);
  const group = groupOf(handler, context);
  if (routes === null || group === null) return null;
  const methods = methodsOf(location.scope, notes);
  if (methods?.length === 0) {
    notes.leftOut(location.directive.place, what, "its `limit_except` names no method, so nobody gets in", "nothing");
    return null;
  }
  const service = serviceOf(location, handler, group, routes.base, context);
  const odd = service.upstream.targets.some(({ url }) => !targetUrl.safeParse(url).success);
  if (odd || !filePath.optional().safeParse(service.upstream.ca_file).success) {
    notes.leftOut(
      handler.directive.place,
      "proxy_pass",
      "an address or file it leads to is none that a target can have",
      "write the service by hand",
    );
    return null;
  }
  return {
    place: location.directive.place,
    wantedId: wantedId(location, group, context),
    what,
    service,
    routes: routes.routes,
    hosts: context.hosts,
    methods,
    isClosed: false,
  };
}

function wantedId({ matcher }: Location, group: UpstreamGroup, { hosts }: ServerContext): string {
  if (group.name !== null) return idFrom(group.name, "service");
  const host = hosts.find((one) => one !== null) ?? "";
  return idFrom(`${host}-${staticPrefix(matcher).replaceAll("/", "-")}`.replace(/-+/g, "-"), "service");
}

/** The upstream block of the name, or one of the address alone. */
function groupOf({ pass, directive }: Proxied, { upstreams, notes }: ServerContext): UpstreamGroup | null {
  const group = upstreams.get(pass.address);
  if (group !== undefined) {
    if (group === null)
      notes.leftOut(directive.place, "proxy_pass", "its upstream was not carried over", "write the service by hand");
    return group;
  }
  const address =
    /:\d+$/.test(pass.address) || pass.address.startsWith("unix:")
      ? pass.address
      : `${pass.address}:${pass.scheme === "https" ? 443 : 80}`;
  return { hostHeader: pass.address, name: null, servers: [{ address, weight: 1 }], balancing: {}, health: null };
}

function serviceOf(
  location: Location,
  { scope, pass, directive }: Proxied,
  group: UpstreamGroup,
  base: string,
  context: ServerContext,
): Draft["service"] {
  const { notes } = context;
  const request = requestHeaders(scope, group.name, context);
  const guards = [...new Set([...guardsOf(location.scope), ...guardsOf(scope), ...conditionalGuards(location.scope)])];
  const access = guards.length > 0 && context.access === "open" ? "subscription" : context.access;
  noteGuards(guards, access, notes);
  noteUpstreamTls(scope, pass, directive, notes);
  noteRedirects(scope, pass, directive, request.hostHeader !== null, notes);
  const authorities = scope.find("proxy_ssl_trusted_certificate")?.args[0];
  const upstreamTimeouts = timeouts(scope, notes);
  const limits = requestLimits(scope, context.zones, notes);
  const response = responseHeaders(scope, context);
  const upstream: ServicePart["upstream"] = {
    ...group.balancing,
    targets: group.servers.map(({ address, weight }) => ({
      url: urlOf(pass.scheme, address, base),
      ...(weight === 1 ? {} : { weight }),
    })),
    ...(group.health === null || group.health === undefined ? {} : { health: group.health }),
    ...(Object.keys(upstreamTimeouts).length === 0 ? {} : { timeouts: upstreamTimeouts }),
    retries: retries(scope, group.servers.length, notes),
    ...(request.hostHeader === null ? {} : { host_header: request.hostHeader }),
    ...(pass.scheme === "https" && authorities !== undefined ? { ca_file: context.resolveFile(authorities) } : {}),
  };
  return {
    kind: "rest",
    ...(context.team === null ? {} : { team: context.team }),
    access,
    upstream,
    ...(limits.length === 0 ? {} : { limits }),
    ...(Object.keys(request.edits).length === 0 ? {} : { request_headers: request.edits }),
    ...(Object.keys(response).length === 0 ? {} : { response_headers: response }),
    max_body_size: size(bodyLimitBytes(scope, notes)),
  };
}

function noteUpstreamTls(scope: Scope, pass: ProxyPass, { place }: Directive, notes: Notebook): void {
  if (pass.scheme !== "https" || scope.isOn("proxy_ssl_verify")) return;
  const why = "the upstream's certificate is verified; nginx did not ask for that (`proxy_ssl_verify` is off)";
  notes.changed(
    place,
    "proxy_pass to an https: upstream",
    why,
    "if the certificate is of your own authority, name it in `upstream.ca_file`",
  );
}

/** Without `proxy_redirect off`, nginx makes its own address of the upstream's in `Location`. */
function noteRedirects(
  scope: Scope,
  { uri }: ProxyPass,
  { place }: Directive,
  keepsHost: boolean,
  notes: Notebook,
): void {
  const directive = scope.find("proxy_redirect");
  if (directive?.args[0] === "off" || (directive === null && keepsHost && uri === null)) return;
  const why =
    "redirects of the upstream (`Location`) are passed on as they are, and not rewritten to the gateway's address";
  notes.changed(
    directive?.place ?? place,
    "proxy_redirect",
    why,
    "let the upstream send relative redirects, or know its public address",
  );
}

/** Nobody gets in: `deny all` with nothing allowed before it, `internal`, or an error in place of an answer. */
function deniesAll(scope: Scope): boolean {
  const status = scope.own("return")?.args[0] ?? "";
  if (scope.own("internal") !== null || /^4\d\d$/.test(status)) return true;
  const rules = scope.findAll("allow", "deny");
  return rules[0]?.name === "deny" && rules[0].args[0] === "all";
}

/** `if (…) { return 403; }` lets some callers in and others not. */
export function conditionalGuards(scope: Scope | null): Directive[] {
  if (scope === null) return [];
  const own = scope.allOwn("if").filter(({ block }) => {
    return block?.some(({ name, args }) => name === "deny" || (name === "return" && /^(?:4\d\d)$/.test(args[0] ?? "")));
  });
  return [...own, ...conditionalGuards(scope.parent)];
}

/** `limit_except GET { deny all; }`: nginx lets HEAD in with GET. */
function methodsOf(scope: Scope, notes: Notebook): string[] | null {
  const limit = scope.own("limit_except");
  if (limit === null) return null;
  const isPlain = limit.block?.length === 1 && limit.block[0]?.name === "deny" && limit.block[0].args[0] === "all";
  const methods = limit.args.filter((one) => methodScalar.safeParse(one).success).map((one) => one.toUpperCase());
  if (methods.includes("GET") && !methods.includes("HEAD")) methods.push("HEAD");
  const why = isPlain
    ? "other methods are answered with 405, or by a wider location, and not with 403"
    : "other methods are let in to nobody, whatever the block says";
  notes.changed(limit.place, "limit_except", why, "nothing, or add a service for the other methods");
  return methods;
}

/** The calls of a location that is left out go to a wider one: to no one, if nginx let nobody in. */
function leftOut(location: Location, why: string, denies: boolean, context: ServerContext): Draft | null {
  const { notes } = context;
  const { matcher, directive } = location;
  const what = describeLocation(location);
  if (matcher.kind === "named") return null;
  const wider = widerThan(location, context);
  if (wider === null) {
    notes.leftOut(
      directive.place,
      what,
      why,
      "its calls are answered with 404; leave nginx in front of it, or serve it by an upstream",
    );
    return null;
  }
  if (!denies) {
    notes.leftOut(
      directive.place,
      what,
      why,
      `its calls go where those of \`${describeLocation(wider)}\` go; let that upstream answer them`,
    );
    return null;
  }
  const handler = handlerOf(wider, context);
  const draft = typeof handler === "string" ? null : draftOf(wider, { ...context, access: "subscription" });
  const routes = draft === null || typeof handler === "string" ? null : plainRoutes(location, handler, context);
  if (draft === null || routes === null) {
    notes.leftOut(
      directive.place,
      what,
      `${why}, which routes can't say here`,
      `keep callers out otherwise: its calls go where those of \`${describeLocation(wider)}\` go`,
    );
    return null;
  }
  notes.changed(
    directive.place,
    what,
    `${why}; so that its calls don't go where those of \`${describeLocation(wider)}\` go, it is a service of its own that asks for a subscription`,
    "give nobody a subscription to it",
  );
  return {
    ...draft,
    place: directive.place,
    what,
    wantedId: idFrom(`closed${staticPrefix(matcher).replaceAll("/", "-")}`, "closed"),
    routes,
    methods: null,
    isClosed: true,
  };
}

function plainRoutes(location: Location, handler: Proxied, context: ServerContext): readonly PathRoute[] | null {
  const pass = { ...handler.pass, uri: null };
  return locationRoutes(location, { ...handler, pass }, context)?.routes ?? null;
}

function widerThan(location: Location, context: ServerContext): Location | null {
  // A regular expression that begins anywhere may match whatever there is.
  const path = staticPrefix(location.matcher) || "/";
  const wider = context.locations.filter(({ matcher, scope }) => {
    if (matcher.kind !== "prefix" || scope === location.scope || !path.startsWith(matcher.path)) return false;
    return !deniesAll(scope);
  });
  const proxied = wider.filter((one) => typeof handlerOf(one, context) !== "string");
  return proxied.sort((a, b) => staticPrefix(b.matcher).length - staticPrefix(a.matcher).length)[0] ?? null;
}

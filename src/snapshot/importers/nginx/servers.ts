import { hostPattern, listenAddress } from "../../schema/addresses.ts";
import type { Notebook } from "../notebook.ts";
import type { Constants } from "./constants.ts";
import type { Directive } from "./parse.ts";
import { Scope } from "./scope.ts";

export interface Listen {
  /** As in `listeners[].address`. */
  address: string;
  port: string;
  tls: boolean;
  isDefault: boolean;
  directive: Directive | null;
  server: Directive;
}

/** A `server` block, with what tells its calls from those of others. */
export interface Server {
  directive: Directive;
  scope: Scope;
  listens: readonly Listen[];
  /** Those that can be hosts of routes. */
  names: readonly string[];
  /** It also takes calls for hosts that no server names. */
  takesOthers: boolean;
  /** So it does in nginx, for no other reason than that it is the first on its address. */
  wouldTakeOthers: boolean;
  constants: Constants;
}

/** Parameters of `listen` that change nothing that callers see. */
const QUIET =
  /^(?:reuseport|deferred|bind|so_keepalive=.*|backlog=.*|rcvbuf=.*|sndbuf=.*|ipv6only=.*|fastopen=.*|setfib=.*)$/;

export function readServers(http: Scope, notes: Notebook): Server[] {
  const read = http.allOwn("server").map((directive) => {
    const scope = new Scope(directive.block ?? [], http);
    return { directive, scope, listens: listensOf(directive, scope, notes), ...namesOf(scope, notes) };
  });
  const first = firstOfEach(read.flatMap(({ listens }) => listens));
  return read.map(({ directive, scope, listens, names, isCatchAll }) => {
    const isDefault = listens.some((listen) => first.get(listen.address) === directive);
    const isNamedDefault = listens.some((listen) => listen.isDefault);
    if (isCatchAll && names.length === 0 && !isDefault) {
      notes.leftOut(
        directive.place,
        "server",
        "it has no name, and is not the first on its address: nginx sends it no calls",
        "nothing",
      );
    }
    const takesOthers = isNamedDefault || (isCatchAll && isDefault);
    const [only] = listens;
    const isSame = (same: (one: Listen) => unknown) =>
      listens.every((one) => only !== undefined && same(one) === same(only));
    const constants = {
      serverName: names[0] ?? null,
      scheme: only !== undefined && isSame(({ tls }) => tls) ? (only.tls ? "https" : "http") : null,
      port: only !== undefined && isSame(({ port }) => port) ? only.port : null,
    };
    return { directive, scope, listens, names, takesOthers, wouldTakeOthers: isDefault && !takesOthers, constants };
  });
}

/** For each address the server that takes what no other one names. */
function firstOfEach(listens: readonly Listen[]): Map<string, Directive> {
  const first = new Map<string, Directive>();
  for (const { address, server } of listens) if (!first.has(address)) first.set(address, server);
  for (const { address, server, isDefault } of listens) if (isDefault) first.set(address, server);
  return first;
}

function namesOf(scope: Scope, notes: Notebook): { names: string[]; isCatchAll: boolean } {
  const names: string[] = [];
  const directives = scope.allOwn("server_name");
  let isCatchAll = directives.length === 0;
  for (const { args, place } of directives) {
    for (const name of args) {
      const hosts = name.startsWith(".") ? [name.slice(1), `*${name}`] : [name];
      if (name === "_" || name === "") isCatchAll = true;
      else if (hosts.every((host) => hostPattern.safeParse(host).success))
        names.push(...hosts.map((host) => host.toLowerCase()));
      else {
        const isRegex = name.startsWith("~");
        const why = isRegex ? "hosts can't be matched by regular expressions" : "a host is a name, or `*.` and a name";
        notes.leftOut(
          place,
          `server_name ${isRegex ? "by regular expression" : name}`,
          why,
          "list the hosts in routes of their own",
        );
      }
    }
  }
  return { names: [...new Set(names)], isCatchAll };
}

function listensOf(server: Directive, scope: Scope, notes: Notebook): Listen[] {
  const directives = scope.allOwn("listen");
  if (directives.length === 0) {
    return [{ address: "0.0.0.0:80", port: "80", tls: scope.isOn("ssl"), isDefault: false, directive: null, server }];
  }
  return directives.flatMap((directive) => {
    const [where = "", ...parameters] = directive.args;
    const address = addressOf(where);
    if (address === null) {
      const why = where.startsWith("unix:") ? "Tidegate listens on no Unix sockets" : "its address can't be read";
      notes.leftOut(directive.place, `listen ${where}`, why, "add a listener with `host:port`");
      return [];
    }
    if (parameters.includes("proxy_protocol")) {
      const why = "the PROXY protocol is not spoken: connections that begin with it fail";
      notes.leftOut(
        directive.place,
        "listen … proxy_protocol",
        why,
        "let the load balancer send X-Forwarded-For, and list it in `trusted_proxies`",
      );
    }
    for (const parameter of parameters) {
      if (["ssl", "default_server", "default", "proxy_protocol"].includes(parameter)) continue;
      const why = whyDropped(parameter);
      notes.leftOut(directive.place, `${parameter.split("=")[0]} of listen`, why, "nothing");
    }
    const isDefault = parameters.includes("default_server") || parameters.includes("default");
    const tls = parameters.includes("ssl") || scope.isOn("ssl");
    return [{ ...address, tls, isDefault, directive, server }];
  });
}

function whyDropped(parameter: string): string {
  if (parameter === "http2" || parameter === "quic") return "callers speak HTTP/1.1 to Tidegate";
  return QUIET.test(parameter) ? "sockets are set up by Tidegate" : "it has no counterpart";
}

function addressOf(where: string): { address: string; port: string } | null {
  if (/^\d+$/.test(where)) return addressOf(`0.0.0.0:${where}`);
  const [, bracketed, plain, port = "80"] = /^(?:(\[[^\]]+\])|([\w.*-]+))(?::(\d+))?$/.exec(where) ?? [];
  const host = bracketed ?? (plain === "*" ? "0.0.0.0" : plain);
  const address = `${host}:${port}`;
  return host === undefined || !listenAddress.safeParse(address).success ? null : { address, port };
}

import { filePath } from "../../schema/scalars.ts";
import type { CertificatePart, ListenerPart } from "../configuration-part.ts";
import type { Notebook } from "../notebook.ts";
import { duration } from "../shape.ts";
import type { Directive } from "./parse.ts";
import type { Listen, Server } from "./servers.ts";
import { parseTimeMs } from "./values.ts";

/** The listeners of all servers that have routes; certificates are chosen by server name, as nginx does. */
export function listenersOf(
  servers: readonly Server[],
  resolveFile: (path: string) => string,
  notes: Notebook,
): ListenerPart[] {
  const byAddress = new Map<string, { listen: Listen; server: Server }[]>();
  for (const server of servers) {
    for (const listen of server.listens) {
      byAddress.set(listen.address, [...(byAddress.get(listen.address) ?? []), { listen, server }]);
    }
  }
  // `[::]` takes IPv4 as well here.
  for (const address of byAddress.keys()) {
    const both = address.replace("0.0.0.0:", "[::]:");
    const others = byAddress.get(address) ?? [];
    if (!address.startsWith("0.0.0.0:") || !byAddress.has(both)) continue;
    const known = new Set(byAddress.get(both)?.map(({ server }) => server));
    byAddress.set(both, [...(byAddress.get(both) ?? []), ...others.filter(({ server }) => !known.has(server))]);
    byAddress.delete(address);
  }
  return [...byAddress].flatMap(([address, users]) => {
    const timeouts = timeoutsOf(users[0]?.server, notes);
    const listener: ListenerPart = { address, ...(timeouts === null ? {} : { timeouts }) };
    if (users.every(({ listen }) => !listen.tls)) return [listener];
    const tls = certificatesOf(users, resolveFile, notes);
    return tls === null ? [] : [{ ...listener, tls }];
  });
}

type Tls = NonNullable<ListenerPart["tls"]>;
type User = { listen: Listen; server: Server };

function certificatesOf(users: readonly User[], resolveFile: (path: string) => string, notes: Notebook): Tls | null {
  const main = users.find(({ listen }) => listen.isDefault) ?? users[0];
  const certificates = users.map((user) => ({ user, pair: certificateOf(user.server, resolveFile, notes) }));
  const first =
    certificates.find(({ user, pair }) => user === main && pair !== null) ??
    certificates.find(({ pair }) => pair !== null);
  if (first === undefined || first.pair === null || main === undefined) {
    const place = main?.listen.directive?.place ?? main?.server.directive.place;
    if (place !== undefined) {
      const why = "it has no ssl_certificate and ssl_certificate_key that could be carried over";
      notes.leftOut(place, "listen … ssl", why, "add a listener with `tls: { cert, key }`");
    }
    return null;
  }
  const { cert, key } = first.pair;
  const names = certificates.flatMap(({ user, pair }) => {
    if (pair === null || (pair.cert === cert && pair.key === key)) return [];
    return user.server.names.map((name) => ({ name, ...pair }));
  });
  return { cert, key, ...(names.length === 0 ? {} : { server_names: names }) };
}

function certificateOf(
  { scope }: Server,
  resolveFile: (path: string) => string,
  notes: Notebook,
): CertificatePart | null {
  const certificates = scope.findAll("ssl_certificate");
  const [cert] = certificates;
  const key = scope.findAll("ssl_certificate_key")[0];
  if (cert?.args[0] === undefined || key?.args[0] === undefined) return null;
  if (certificates[1] !== undefined) {
    notes.leftOut(
      certificates[1].place,
      "a second ssl_certificate",
      "a server name has one certificate",
      "choose one of them",
    );
  }
  const odd = [cert, key].find(
    ({ args }) => /^(?:data|engine|store):|\$/.test(args[0] ?? "") || !filePath.safeParse(args[0]).success,
  );
  if (odd !== undefined) {
    notes.leftOut(
      odd.place,
      odd.name,
      "it is no path of a file",
      "put the certificate into a file, and name it in the listener's `tls`",
    );
    return null;
  }
  return { cert: resolveFile(cert.args[0]), key: resolveFile(key.args[0]) };
}

function timeoutsOf(server: Server | undefined, notes: Notebook): NonNullable<ListenerPart["timeouts"]> | null {
  const keepAliveMs = timeOf(server?.scope.find("keepalive_timeout") ?? null, notes);
  const headMs = timeOf(server?.scope.find("client_header_timeout") ?? null, notes);
  if (keepAliveMs === null && headMs === null) return null;
  return {
    ...(keepAliveMs === null ? {} : { keep_alive: duration(keepAliveMs) }),
    ...(headMs === null ? {} : { head: duration(headMs) }),
  };
}

function timeOf(directive: Directive | null, notes: Notebook): number | null {
  if (directive === null) return null;
  const milliseconds = parseTimeMs(directive.args[0]);
  if (milliseconds !== null && milliseconds > 0) return milliseconds;
  notes.leftOut(directive.place, directive.name, "it is no time above 0", "see `listeners[].timeouts`");
  return null;
}

import { resolve } from "node:path";
import type { ListenerSnapshot, TlsSnapshot } from "../../contracts/snapshot.ts";
import type { Configuration } from "../schema/configuration.ts";

type ListenerConfiguration = NonNullable<Configuration["listeners"]>[number];

/** `baseDirectory`: where relative paths of certificates begin. */
export function compileListener(
  listener: ListenerConfiguration,
  trustedProxies: string[],
  baseDirectory: string,
): ListenerSnapshot {
  return {
    ...listener.address,
    engine: listener.engine ?? (listener.tls === null ? "native" : "uws"),
    tls: listener.tls === null ? null : compileTls(listener.tls, baseDirectory),
    trustedProxies: listener.trusted_proxies ?? trustedProxies,
    clientCertificate: listener.client_certificate,
    maxHeaderBytes: listener.max_header_size,
    maxBodyBytes: listener.max_body_size,
    timeouts: {
      keepAliveMs: listener.timeouts.keep_alive,
      headMs: listener.timeouts.head,
      minBodyBytesPerSecond: listener.timeouts.min_body_rate ?? 0,
    },
  };
}

function compileTls(tls: NonNullable<ListenerConfiguration["tls"]>, baseDirectory: string): TlsSnapshot {
  const files = (pair: { cert: string; key: string; passphrase: string | null }) => ({
    certFile: resolve(baseDirectory, pair.cert),
    keyFile: resolve(baseDirectory, pair.key),
    passphrase: pair.passphrase,
  });
  return { ...files(tls), serverNames: tls.server_names.map((entry) => ({ name: entry.name, ...files(entry) })) };
}

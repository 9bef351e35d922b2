import { z } from "zod";
import { addressRange, hostPattern, listenAddress } from "./addresses.ts";
import { duration, filePath, headerName, passphrase, size } from "./scalars.ts";

export const trustedProxies = z.array(addressRange);

const certificate = {
  cert: filePath.describe("PEM file with the certificate and its chain. Relative to the configuration file."),
  key: filePath.describe("PEM file with the private key. Relative to the configuration file."),
  passphrase: passphrase.nullable().prefault(null).describe("Passphrase of the private key."),
};

const serverName = z
  .strictObject({
    name: hostPattern.describe("Server name (SNI) the certificate is for; `*.example.org` is allowed."),
    ...certificate,
  })
  .describe("A further certificate.");

const tls = z.strictObject({
  ...certificate,
  server_names: z
    .array(serverName)
    .prefault([])
    .describe("Further certificates, chosen by the name the client asks for."),
});

const timeouts = z.strictObject({
  keep_alive: duration
    .prefault("75s")
    .describe(
      "How long a connection may be idle between two requests. Longer than a load balancer's, which is mostly 60 s.",
    ),
  head: duration.prefault("15s").describe("Within which a request head must have arrived; 408 otherwise."),
  min_body_rate: size
    .nullable()
    .prefault(null)
    .describe(
      "Bytes per second that a request body must come in with after its first ten seconds. Absent: none is asked for.",
    ),
});

const clientCertificate = z.strictObject({
  header: headerName
    .prefault("x-forwarded-client-cert")
    .describe("Header in which trusted proxies send it. Never forwarded, whichever listener a call came in by."),
  format: z
    .enum(["xfcc", "subject", "san", "fingerprint"])
    .prefault("xfcc")
    .describe(
      "`xfcc`: Envoy's `X-Forwarded-Client-Cert`, of which the last element counts. `subject`, `san`, `fingerprint` (SHA-256): the value is that.",
    ),
});

export const listener = z
  .strictObject({
    address: listenAddress.describe(
      "Where to listen. Port 0 takes any free port; with several workers each takes another one.",
    ),
    engine: z
      .enum(["native", "uws"])
      .optional()
      .describe(
        "The HTTP server: `native` is Tidegate's own, `uws` is uWebSockets.js. Absent: `native` for plain HTTP, `uws` for TLS (the only one that speaks it).",
      ),
    tls: tls.nullable().prefault(null).describe("Speaks TLS with these certificates. Absent: plain HTTP."),
    trusted_proxies: trustedProxies.optional().describe("As the top-level `trusted_proxies`, for this listener alone."),
    client_certificate: clientCertificate
      .nullable()
      .prefault(null)
      .describe(
        "How trusted proxies tell of the certificate a caller has shown to them, for `credentials[].mtls`; null: not at all.",
      ),
    max_header_size: size.prefault("16KiB").describe("Longest request head; a longer one is answered with 431."),
    max_body_size: size.prefault("10MiB").describe("Longest request body; a longer one is answered with 413."),
    timeouts: timeouts.prefault({}).describe("What the native engine asks of clients."),
  })
  .describe("A port to listen on.");

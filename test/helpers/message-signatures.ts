import { createHash, createHmac } from "node:crypto";

/** HTTP Message Signatures (RFC 9421) as a caller makes them: written from the RFC, apart from what the gateway reads them with. */

export interface SignedRequestOptions {
  keyId: string;
  /** Bytes of the shared secret. */
  secret: Buffer;
  method?: string;
  /** With the query. */
  target?: string;
  host?: string;
  body?: string;
  headers?: Record<string, string>;
  /** In the order in which they are covered. */
  components?: string[];
  /** Parameters behind the list, as they are written. */
  parameters?: string;
  /** Seconds. */
  created?: number;
  label?: string;
  chunked?: boolean;
}

let nonces = 0;

/** The whole request, on the wire. */
export function signedRequest(options: SignedRequestOptions): string {
  const { keyId, secret, method = "GET", target = "/", host = "gateway.test", body = "", label = "sig1" } = options;
  const [path = "/", query] = target.split("?");
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  const headers: Record<string, string> = { ...(body === "" ? {} : { "content-digest": digest }), ...options.headers };
  const {
    components = [
      "@method",
      "@authority",
      "@path",
      ...(query === undefined ? [] : ["@query"]),
      ...Object.keys(headers).map((name) => name.toLowerCase()),
    ],
    created = Math.floor(Date.now() / 1000),
    parameters = `;created=${created};keyid="${keyId}";nonce="n${process.pid}-${++nonces}"`,
  } = options;
  const values: Record<string, string> = {
    "@method": method,
    "@authority": host.toLowerCase(),
    "@path": path,
    "@query": `?${query ?? ""}`,
    "@target-uri": `http://${host}${target}`,
    "@request-target": target,
    "@scheme": "http",
  };
  for (const [name, value] of Object.entries(headers)) values[name.toLowerCase()] = value;
  const input = `(${components.map((name) => `"${name}"`).join(" ")})${parameters}`;
  const lines = [...components.map((name) => `"${name}": ${values[name] ?? ""}`), `"@signature-params": ${input}`];
  const signature = createHmac("sha256", secret).update(lines.join("\n")).digest("base64");
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Signature-Input: ${label}=${input}`,
    `Signature: ${label}=:${signature}:`,
  ];
  if (body === "") return `${head.join("\r\n")}\r\n\r\n`;
  if (options.chunked === true) {
    const size = Buffer.byteLength(body).toString(16);
    return `${head.join("\r\n")}\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${body}\r\n0\r\n\r\n`;
  }
  return `${head.join("\r\n")}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

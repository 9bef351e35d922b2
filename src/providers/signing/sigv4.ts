import { createHash, createHmac } from "node:crypto";
import type { AwsCredential } from "../../contracts/provider-keys.ts";

export interface RequestToSign {
  method: string;
  /** As it is sent, percent-encoded, without the query. */
  path: string;
  /** As it is sent, without `?`. */
  query: string;
  /** Names in lower case, and values, alternating. `host` among them. */
  headers: readonly string[];
  body: Buffer | string;
}

/**
 * The headers that sign a request by AWS Signature Version 4 (docs.aws.amazon.com, "Create a signed AWS API request"):
 * names and values, to be added to those given. Every header given is signed.
 */
export function signV4(request: RequestToSign, credential: AwsCredential, nowMs: number): string[] {
  const { accessKeyId, secretAccessKey, sessionToken, region, service } = credential;
  const timestamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const date = timestamp.slice(0, 8);
  const added = ["x-amz-date", timestamp];
  if (sessionToken !== null) added.push("x-amz-security-token", sessionToken);
  const fields = canonicalFields([...request.headers, ...added]);
  const signedHeaders = fields.map(([name]) => name).join(";");
  const canonicalRequest = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    ...fields.map(([name, value]) => `${name}:${value}`),
    "",
    signedHeaders,
    sha256Hex(request.body),
  ].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", timestamp, scope, sha256Hex(canonicalRequest)].join("\n");
  const key = ["aws4_request", service, region, date].reduceRight<Buffer | string>(
    (secret, part) => hmac(secret, part),
    `AWS4${secretAccessKey}`,
  );
  const signature = hmac(key, text).toString("hex");
  const credentialScope = `${accessKeyId}/${scope}`;
  added.push(
    "authorization",
    `AWS4-HMAC-SHA256 Credential=${credentialScope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  );
  return added;
}

/** By name; of several with one name, one line. Runs of spaces count as one. */
function canonicalFields(headers: readonly string[]): [string, string][] {
  const fields = new Map<string, string>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = (headers[i + 1] as string).trim().replace(/ +/g, " ");
    const known = fields.get(name);
    fields.set(name, known === undefined ? value : `${known},${value}`);
  }
  return [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Every segment is encoded once more than it is sent: all services but S3 want that. */
function canonicalPath(path: string): string {
  return path.split("/").map(encode).join("/") || "/";
}

function canonicalQuery(query: string): string {
  if (query === "") return "";
  return query
    .split("&")
    .map((pair) => {
      const [name = "", value = ""] = pair.split("=", 2);
      return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value))}`;
    })
    .sort()
    .join("&");
}

/** RFC 3986 §2.3: what `encodeURIComponent` leaves of reserved characters is encoded too. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256Hex(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

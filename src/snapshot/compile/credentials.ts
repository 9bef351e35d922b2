import { createHash } from "node:crypto";
import type { ApiKeySnapshot, CredentialSnapshot } from "../../contracts/snapshot.ts";
import type { Configuration } from "../schema/configuration.ts";
import { sha256Hex } from "./hash.ts";

type ApplicationConfiguration = Configuration["applications"][number];
type KeyConfiguration = ApplicationConfiguration["keys"][number];
type CredentialConfiguration = ApplicationConfiguration["credentials"][number];

/** API keys first, then the others in their order. */
export function compileCredentials(application: ApplicationConfiguration): CredentialSnapshot[] {
  const numbers = new Map<string, number>();
  return [
    ...application.keys.map((key, index) => compileKey(key, `key-${index + 1}`)),
    ...application.credentials.map((credential) => {
      const compiled = compileCredential(application.id, credential);
      const number = (numbers.get(compiled.kind) ?? 0) + 1;
      numbers.set(compiled.kind, number);
      return { ...compiled, id: credential.id ?? `${compiled.kind}-${number}` };
    }),
  ];
}

function compileKey(key: KeyConfiguration, defaultId: string): ApiKeySnapshot {
  return {
    kind: "api-key",
    id: key.id ?? defaultId,
    digest: key.digest ?? sha256Hex(key.value ?? ""),
    expiresAtMs: key.expires_at,
    addresses: key.addresses,
  };
}

function compileCredential(application: string, credential: CredentialConfiguration): CredentialSnapshot {
  const { basic, hmac, jwt, mtls } = credential;
  const terms = { id: "", expiresAtMs: credential.expires_at, addresses: credential.addresses };
  if (basic !== undefined) {
    const { username, password, password_digest: digest } = basic;
    return { ...terms, kind: "basic", username, ...(digest ?? digestOf(application, username, password ?? "")) };
  }
  if (hmac !== undefined) {
    const secret = hmac.secret ?? hmac.secret_base64 ?? "";
    return { ...terms, kind: "hmac", keyId: hmac.key_id, secret, maxAgeMs: hmac.max_age };
  }
  if (jwt !== undefined) return { ...terms, kind: "jwt", ...jwt };
  const { subject, san, fingerprint } = mtls ?? {};
  if (subject !== undefined) return { ...terms, kind: "mtls", by: "subject", value: subject };
  if (san !== undefined) return { ...terms, kind: "mtls", by: "san", value: san };
  return { ...terms, kind: "mtls", by: "fingerprint", value: fingerprint ?? "" };
}

/** The salt is made of the names, not drawn: a file that has not changed compiles to the snapshot that is served. */
function digestOf(application: string, username: string, password: string): { salt: string; digest: string } {
  const salt = createHash("sha256").update(`tidegate basic\n${application}\n${username}`).digest().subarray(0, 16);
  const digest = createHash("sha256").update(salt).update(password).digest("hex");
  return { salt: salt.toString("hex"), digest };
}

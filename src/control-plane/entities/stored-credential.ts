import type { CertificateName, CredentialSnapshot } from "../../contracts/snapshot.ts";
import { digestsOf } from "../../snapshot/packed/digests.ts";
import { parseDuration } from "../../snapshot/schema/scalars.ts";
import type { CredentialTable, Row } from "../storage/tables.ts";
import { parseJson } from "./rows.ts";

export type CredentialRow = Row<CredentialTable>;

/** What of each kind is kept in `details`; a salt is shown to nobody. */
interface Details {
  basic: { username: string; salt: string };
  hmac: { key_id: string; max_age: string };
  jwt: { issuer: string; claim: string; values: string[] };
  mtls: Partial<Record<CertificateName, string>>;
}

/** Under the kind's name, as `tidegate.yaml` has them, what of the fields is no secret. */
export interface ShownFields {
  basic?: Omit<Details["basic"], "salt">;
  hmac?: Details["hmac"];
  jwt?: Details["jwt"];
  mtls?: Details["mtls"];
}

type Described = Pick<CredentialRow, "kind" | "details">;
type Compiled = Described & Pick<CredentialRow, "id" | "digest" | "expires_at" | "addresses">;

export function shownFields({ kind, details }: Described): ShownFields {
  if (kind === "api-key") return {};
  const { salt: _salt, ...fields } = parseJson<Record<string, unknown>>(details);
  return { [kind]: fields };
}

/** As gateways get it. `secret`: the shared one, base64; "" of kinds that have none. */
export function compiledCredential(row: Compiled, secret: string): CredentialSnapshot {
  const { id, kind, details, expires_at: expiresAtMs } = row;
  const addresses = row.addresses === "[]" ? [] : parseJson<string[]>(row.addresses);
  const digest = row.digest ?? "";
  switch (kind) {
    case "api-key":
      // In this order: the shape is known to the encoder of snapshots.
      return { kind, id, digest, expiresAtMs, addresses };
    case "basic": {
      const { username, salt } = parseJson<Details["basic"]>(details);
      return { kind, id, username, salt, digest, expiresAtMs, addresses };
    }
    case "hmac": {
      const { key_id: keyId, max_age } = parseJson<Details["hmac"]>(details);
      return { kind, id, keyId, secret, maxAgeMs: parseDuration(max_age) ?? 0, expiresAtMs, addresses };
    }
    case "jwt":
      return { kind, id, ...parseJson<Details["jwt"]>(details), expiresAtMs, addresses };
    case "mtls": {
      const [[by, value] = ["subject", ""]] = Object.entries(parseJson<Details["mtls"]>(details));
      return { kind, id, by: by as CertificateName, value, expiresAtMs, addresses };
    }
  }
}

export interface CredentialName {
  /** As gateways look it up, hex. */
  digest: string;
  /** For people. */
  text: string;
}

/** What a credential is found by, and stands for alone. API keys have nothing but themselves. */
export function namesOf(row: Compiled): CredentialName[] {
  if (row.kind === "api-key") return [];
  const credential = compiledCredential(row, "");
  const texts = textsOf(credential);
  return digestsOf(credential).map((digest, at) => ({ digest: digest.toString("hex"), text: texts[at] ?? "" }));
}

function textsOf(credential: CredentialSnapshot): string[] {
  switch (credential.kind) {
    case "api-key":
      return [];
    case "basic":
      return [`the user name ${credential.username}`];
    case "hmac":
      return [`the key id ${credential.keyId}`];
    case "jwt": {
      const { issuer, claim, values } = credential;
      return values.map((value) => `${value} as \`${claim}\` of tokens of ${issuer}`);
    }
    case "mtls":
      return [`the certificate with ${credential.by} ${credential.value}`];
  }
}

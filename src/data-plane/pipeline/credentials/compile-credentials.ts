import type { Snapshot } from "../../../contracts/snapshot.ts";
import type { KeySetStore } from "../../key-sets/key-set-store.ts";
import type { CompiledApplication } from "../compiled.ts";
import { BasicCredentials } from "./basic.ts";
import { CertificateCredentials } from "./certificates.ts";
import { type CompiledCredential, compileTerms } from "./compiled-credential.ts";
import { HmacSignatures } from "./hmac-signatures.ts";
import { JwtTokens } from "./jwt-tokens.ts";

/** All credentials of a snapshot by what finds them. Kinds of which there is none are null: one comparison per call. */
export interface CompiledCredentials {
  readonly applications: readonly CompiledApplication[];
  /** By the SHA-256 of the key, hex. */
  readonly apiKeys: ReadonlyMap<string, CompiledCredential>;
  readonly basic: BasicCredentials | null;
  readonly tokens: JwtTokens | null;
  readonly signatures: HmacSignatures | null;
  readonly certificates: CertificateCredentials | null;
  /** In which listeners take what proxies say of certificates: never forwarded. */
  readonly certificateHeaders: readonly string[];
}

export function compileCredentials(
  snapshot: Snapshot,
  applications: readonly CompiledApplication[],
  keySets: Pick<KeySetStore, "obtain">,
): CompiledCredentials {
  const byId = new Map(applications.map((application) => [application.id, application]));
  const apiKeys = new Map<string, CompiledCredential>();
  const basic = new BasicCredentials();
  const tokens = new JwtTokens(snapshot.jwtIssuers, byId, keySets);
  const signatures = new HmacSignatures();
  const certificates = new CertificateCredentials();
  for (const application of applications) {
    for (const credential of application.snapshot.credentials) {
      const compiled = compileTerms(credential, application);
      switch (credential.kind) {
        case "api-key":
          apiKeys.set(credential.digest, compiled);
          break;
        case "basic":
          basic.add(credential, compiled);
          break;
        case "hmac":
          signatures.add(credential, compiled);
          break;
        case "jwt":
          tokens.add(credential, compiled);
          break;
        case "mtls":
          certificates.add(credential, compiled);
      }
    }
  }
  const headers = snapshot.listeners.flatMap(({ clientCertificate }) => clientCertificate?.header ?? []);
  return {
    applications,
    apiKeys,
    basic: basic.isEmpty ? null : basic,
    tokens: tokens.isEmpty ? null : tokens,
    signatures: signatures.isEmpty ? null : signatures,
    certificates: certificates.isEmpty ? null : certificates,
    certificateHeaders: [...new Set(headers)],
  };
}

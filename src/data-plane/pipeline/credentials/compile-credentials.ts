import type { ServedSnapshot } from "../../../contracts/packed-snapshot.ts";
import type { KeySetStore } from "../../key-sets/key-set-store.ts";
import { BasicCredentials } from "./basic.ts";
import type { CallerDirectory } from "./caller-directory.ts";
import { CertificateCredentials } from "./certificates.ts";
import { HmacSignatures } from "./hmac-signatures.ts";
import { JwtTokens } from "./jwt-tokens.ts";

/** All credentials of a snapshot by what finds them. Kinds of which there is none are null: one comparison per call. */
export interface CompiledCredentials {
  readonly callers: CallerDirectory;
  readonly basic: BasicCredentials | null;
  readonly tokens: JwtTokens | null;
  readonly signatures: HmacSignatures | null;
  readonly certificates: CertificateCredentials | null;
  /** In which listeners take what proxies say of certificates: never forwarded. */
  readonly certificateHeaders: readonly string[];
}

export function compileCredentials(
  snapshot: Pick<ServedSnapshot, "callers" | "jwtIssuers" | "listeners">,
  callers: CallerDirectory,
  keySets: Pick<KeySetStore, "obtain">,
): CompiledCredentials {
  const { kinds, claims } = snapshot.callers;
  const headers = snapshot.listeners.flatMap(({ clientCertificate }) => clientCertificate?.header ?? []);
  return {
    callers,
    basic: kinds.includes("basic") ? new BasicCredentials(callers) : null,
    tokens: snapshot.jwtIssuers.length === 0 ? null : new JwtTokens(snapshot.jwtIssuers, claims, callers, keySets),
    signatures: kinds.includes("hmac") ? new HmacSignatures(callers) : null,
    certificates: kinds.includes("mtls") ? new CertificateCredentials(callers) : null,
    certificateHeaders: [...new Set(headers)],
  };
}

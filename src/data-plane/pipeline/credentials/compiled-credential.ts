import { GatewayError } from "../../../contracts/errors.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import type { CredentialSnapshot } from "../../../contracts/snapshot.ts";
import { createClientAddressResolver } from "../../acceptor/client-address.ts";
import type { CompiledApplication } from "../compiled.ts";

/** Whose a credential is and on what terms, whatever its kind. */
export interface CompiledCredential {
  readonly id: string;
  readonly application: CompiledApplication;
  /** Unix time; Infinity: never. */
  readonly expiresAtMs: number;
  /** Empty: any. */
  readonly addresses: readonly string[];
  readonly allows: (address: string) => boolean;
}

export function compileTerms(
  { id, expiresAtMs, addresses }: Pick<CredentialSnapshot, "id" | "expiresAtMs" | "addresses">,
  application: CompiledApplication,
): CompiledCredential {
  const allows = addresses.length === 0 ? anybody : createClientAddressResolver(addresses).isTrusted;
  return { id, application, expiresAtMs: expiresAtMs ?? Number.POSITIVE_INFINITY, addresses, allows };
}

const anybody = () => true;

/** Why a credential that is known can't be used now and from here; null: it can. */
export function refusalOf(credential: CompiledCredential, exchange: Exchange, nowMs: number): GatewayError | null {
  const { id, application, expiresAtMs } = credential;
  if (nowMs >= expiresAtMs) {
    const since = new Date(expiresAtMs).toISOString();
    return new GatewayError(
      "credential_expired",
      `credential ${id} of application ${application.id} expired at ${since}: ask for a new one`,
    );
  }
  if (!credential.allows(exchange.clientAddress)) {
    return new GatewayError(
      "address_not_allowed",
      `credential ${id} of application ${application.id} may not be used from ${exchange.clientAddress}`,
    );
  }
  return null;
}

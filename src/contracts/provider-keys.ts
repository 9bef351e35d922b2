import type { LimitSnapshot } from "./policies.ts";

/** One of the keys of a provider. Plain values: a snapshot holds secrets and must never be printed. */
export interface ProviderKeySnapshot {
  id: string;
  /** Sent as the provider's `auth` says; "" where `credential` makes what is sent. */
  value: string;
  weight: number;
  /** What a call is signed with, or a token fetched for. Absent: the value is all there is. */
  credential?: ProviderCredential;
  /** Keys of the lowest number are used while one of them can be. Absent: 0. */
  priority?: number;
  /** Unix time from which on it is not used. Absent: never. */
  expiresAtMs?: number;
  /** The calls made with it have to fit into all of these. Absent: none. */
  limits?: LimitSnapshot[];
}

export type ProviderCredential = AwsCredential | ServiceAccountCredential | EntraCredential;

/** AWS Signature Version 4. */
export interface AwsCredential {
  type: "aws";
  accessKeyId: string;
  secretAccessKey: string;
  /** Of temporary credentials; null: they are none. */
  sessionToken: string | null;
  region: string;
  /** The service's name in signatures, e.g. `bedrock`. */
  service: string;
}

/** A service account of Google Cloud: a signed assertion is exchanged for a token (RFC 7523). */
export interface ServiceAccountCredential {
  type: "service-account";
  clientEmail: string;
  /** PEM, PKCS #8. */
  privateKey: string;
  privateKeyId: string | null;
  tokenUrl: string;
  scope: string;
}

/** An application of Microsoft Entra ID: client credentials are exchanged for a token (RFC 6749 §4.4). */
export interface EntraCredential {
  type: "entra";
  clientId: string;
  clientSecret: string;
  tokenUrl: string;
  scope: string;
}

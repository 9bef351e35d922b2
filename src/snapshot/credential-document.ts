import type { CredentialSnapshot } from "../contracts/snapshot.ts";
import { CATALOGUE } from "../providers/catalogue.ts";
import { compileCredentials } from "./compile/credentials.ts";
import { type DocumentProblem, within } from "./service-document.ts";
import { validateValue } from "./validate.ts";

export type CredentialDocument =
  | { ok: true; credential: Exclude<CredentialSnapshot, { kind: "api-key" }> }
  | { ok: false; problems: readonly DocumentProblem[] };

const OPTIONS = { catalogue: CATALOGUE, baseDirectory: process.cwd() };
const AT = "applications[0].credentials[0]";

/** One of an application's `credentials` as `tidegate.yaml` has them, but from elsewhere. Whether its issuer is there is not looked at. */
export function readCredentialDocument(document: object): CredentialDocument {
  const applications = [{ id: "application", credentials: [document] }];
  const jwt_issuers = issuersOf(document).map((id) => ({ ...ANY_ISSUER, id }));
  const { configuration, problems } = validateValue({ version: 1, applications, jwt_issuers }, "credential", OPTIONS);
  const [application] = configuration?.applications ?? [];
  const [credential] = application === undefined ? [] : compileCredentials(application);
  if (credential === undefined || credential.kind === "api-key") {
    return { ok: false, problems: within(problems, AT) };
  }
  return { ok: true, credential };
}

const ANY_ISSUER = { issuer: "issuer", algorithms: ["RS256"], jwks_url: "https://localhost/" };

function issuersOf(document: object): string[] {
  const { issuer } = Object(Reflect.get(document, "jwt")) as { issuer?: unknown };
  return typeof issuer === "string" ? [issuer] : [];
}

/** Addresses and CIDR ranges as a credential has them there: what is wrong with them. */
export function addressProblems(addresses: unknown): readonly DocumentProblem[] {
  const read = readCredentialDocument({ mtls: { subject: "CN=any" }, addresses });
  return read.ok ? [] : read.problems;
}

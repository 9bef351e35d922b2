import type { JwtIssuerSnapshot } from "../contracts/snapshot.ts";
import { CATALOGUE } from "../providers/catalogue.ts";
import { compileJwtIssuer } from "./compile/jwt-issuers.ts";
import { type DocumentProblem, within } from "./service-document.ts";
import { validateValue } from "./validate.ts";

export type TokenIssuerDocument =
  | { ok: true; issuer: JwtIssuerSnapshot }
  | { ok: false; problems: readonly DocumentProblem[] };

const OPTIONS = { catalogue: CATALOGUE, baseDirectory: process.cwd() };

/** One of `jwt_issuers` as `tidegate.yaml` has them, but from elsewhere. */
export function readTokenIssuerDocument(document: object): TokenIssuerDocument {
  const { configuration, problems } = validateValue({ version: 1, jwt_issuers: [document] }, "token issuer", OPTIONS);
  const [issuer] = configuration?.jwt_issuers ?? [];
  if (issuer === undefined) return { ok: false, problems: within(problems, "jwt_issuers[0]") };
  return { ok: true, issuer: compileJwtIssuer(issuer) };
}

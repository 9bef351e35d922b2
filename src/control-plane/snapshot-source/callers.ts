import type { Logger } from "../../contracts/logger.ts";
import type { CredentialSnapshot, JwtIssuerSnapshot } from "../../contracts/snapshot.ts";
import { SealError, type Sealer } from "../../platform/seal.ts";
import { compiledCredential } from "../entities/stored-credential.ts";
import { compiledTokenIssuer } from "../entities/token-issuers.ts";
import type { Connection } from "../storage/database.ts";
import { HMAC_SECRET } from "../storage/sealed.ts";
import type { CredentialTable, Row, TokenIssuerTable } from "../storage/tables.ts";

export const CREDENTIAL_COLUMNS = [
  "id",
  "application_id",
  "kind",
  "digest",
  "expires_at",
  "secret",
  "details",
  "addresses",
] as const;

export type CredentialPart = Pick<Row<CredentialTable>, (typeof CREDENTIAL_COLUMNS)[number]>;

/** What credentials and token issuers are to gateways. One that can't be read is left out, and the log says so. */
export class CallerReader {
  readonly #sealer: Sealer;
  readonly #logger: Logger;

  constructor({ sealer, logger }: { sealer: Sealer; logger: Logger }) {
    this.#sealer = sealer;
    this.#logger = logger;
  }

  /** Null: its secret can't be opened. */
  credential(row: CredentialPart): CredentialSnapshot | null {
    if (row.kind !== "hmac") return compiledCredential(row, "");
    try {
      return compiledCredential(row, this.#sealer.open(row.secret ?? "", HMAC_SECRET));
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      const fields = { application: row.application_id, credential: row.id, error };
      this.#logger.error(fields, "a credential's secret can't be opened: nobody can call with it");
      return null;
    }
  }

  /** In the order of their ids. */
  async tokenIssuers(db: Connection): Promise<JwtIssuerSnapshot[]> {
    const rows = await db.selectFrom("token_issuers").selectAll().execute();
    const issuers = rows.flatMap((row) => this.#tokenIssuer(row) ?? []);
    return issuers.sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  #tokenIssuer(row: Row<TokenIssuerTable>): JwtIssuerSnapshot | null {
    const unread = (fields: object) => {
      this.#logger.error({ tokenIssuer: row.id, ...fields }, "a token issuer can't be read: its tokens are refused");
      return null;
    };
    try {
      const compiled = compiledTokenIssuer(this.#sealer, row);
      return "issuer" in compiled ? compiled.issuer : unread({ problems: compiled.problems });
    } catch (error) {
      if (error instanceof SealError) return unread({ error });
      throw error;
    }
  }
}

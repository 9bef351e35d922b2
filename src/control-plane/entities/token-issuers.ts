import type { JwtIssuerSnapshot } from "../../contracts/snapshot.ts";
import type { Sealer } from "../../platform/seal.ts";
import { TOKEN_ISSUER_DEFAULTS } from "../../snapshot/schema/jwt-issuer.ts";
import { parseDuration } from "../../snapshot/schema/scalars.ts";
import { readTokenIssuerDocument } from "../../snapshot/token-issuer-document.ts";
import type { Actor } from "../access/actor.ts";
import { isSameSecret } from "../ids.ts";
import { isSafeUrl } from "../oidc/provider-fetch.ts";
import type { Change, Plane } from "../plane.ts";
import { type FieldProblem, ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import { TOKEN_ISSUER_KEYS } from "../storage/sealed.ts";
import type { Row, TokenIssuerTable } from "../storage/tables.ts";
import { found, inserting, isoTime, parseJson, require, requireRevision } from "./rows.ts";
import { type ShownKeys, shownKeys, type TokenIssuerKeys } from "./token-issuer-keys.ts";

type TokenIssuerRow = Row<TokenIssuerTable>;

/** As an entry of `jwt_issuers` in `tidegate.yaml` has them. */
export interface TokenIssuerOptions {
  audiences: readonly string[];
  algorithms: readonly string[];
  jwks_url: string | null;
  jwks_refresh: string;
  application_claim: string | null;
  clock_tolerance: string;
  require_expiry: boolean;
  forward_token: boolean;
}

/** Of `keys`, `jwk_set` and `jwks_url`, one takes the place of another. */
export type TokenIssuerFields = {
  [Key in keyof TokenIssuerOptions]?: TokenIssuerOptions[Key] | undefined;
} & { [Key in keyof TokenIssuerKeys]?: TokenIssuerKeys[Key] | undefined };

export interface NewTokenIssuer extends TokenIssuerFields {
  id: string;
  /** `iss` of its tokens: never changed, for claims mean something only together with it. */
  issuer: string;
}

export interface TokenIssuerView extends TokenIssuerOptions, ShownKeys {
  id: string;
  issuer: string;
  created_by: string;
  created_at: string;
  revision: number;
}

/** Whoever says whose tokens are believed could call as any application that is known by tokens, in any team. */
const CHANGES = "setting.manage";

/** Each worker fetches the set that often. */
const SHORTEST_REFRESH = "10s";
const SHOWN_APPLICATIONS = 10;

export async function listTokenIssuers(plane: Plane, actor: Actor): Promise<TokenIssuerView[]> {
  require(actor, "setting.read", null);
  const rows = await plane.db.selectFrom("token_issuers").selectAll().orderBy("id").execute();
  return rows.map((row) => viewOf(plane, row));
}

export async function getTokenIssuer(plane: Plane, actor: Actor, id: string): Promise<TokenIssuerView> {
  require(actor, "setting.read", null);
  return viewOf(plane, await tokenIssuerRow(plane.db, id));
}

export function createTokenIssuer(plane: Plane, actor: Actor, given: NewTokenIssuer): Promise<TokenIssuerView> {
  require(actor, CHANGES, null);
  return plane.change(actor, async (change) => {
    const { id, issuer, keys, jwk_set, ...options } = given;
    const row: TokenIssuerRow = {
      id,
      issuer,
      ...columnsOf(
        plane,
        id,
        issuer,
        { ...TOKEN_ISSUER_DEFAULTS, algorithms: [], ...withoutUndefined(options) },
        { keys, jwk_set },
      ),
      created_by: actor.name,
      created_at: change.nowMs,
      revision: 1,
    };
    const insertion = () => change.trx.insertInto("token_issuers").values(row).execute();
    await inserting(`a token issuer ${id}, or one for ${issuer},`, insertion);
    await auditIssuer(change, "token_issuer.create", id, null, viewOf(plane, row));
    return viewOf(plane, row);
  });
}

export function updateTokenIssuer(
  plane: Plane,
  actor: Actor,
  id: string,
  { keys, jwk_set, ...options }: TokenIssuerFields,
  revision: number | null,
): Promise<TokenIssuerView> {
  require(actor, CHANGES, null);
  return plane.change(actor, async (change) => {
    const before = await tokenIssuerRow(change.trx, id);
    requireRevision(before, revision);
    const hasKeys = keys !== undefined || jwk_set !== undefined;
    // Another source of keys takes the place of the one before.
    const isFetched = typeof options.jwks_url === "string";
    const source: TokenIssuerKeys = hasKeys || isFetched ? { keys, jwk_set } : openedKeys(plane.sealer, before);
    const after: TokenIssuerRow = {
      ...before,
      ...columnsOf(
        plane,
        id,
        before.issuer,
        {
          ...parseJson<TokenIssuerOptions>(before.options),
          ...(hasKeys ? { jwks_url: null } : {}),
          ...withoutUndefined(options),
        },
        source,
      ),
      revision: before.revision + 1,
    };
    await change.trx.updateTable("token_issuers").set(after).where("id", "=", id).execute();
    const replaced = hasKeys || isFetched ? { keys_changed: true } : {};
    const shown = { ...viewOf(plane, after), ...replaced };
    await auditIssuer(change, "token_issuer.update", id, viewOf(plane, before), shown);
    return viewOf(plane, after);
  });
}

/** Refused while applications are known by its tokens. */
export function deleteTokenIssuer(plane: Plane, actor: Actor, id: string, revision: number | null): Promise<void> {
  require(actor, CHANGES, null);
  return plane.change(actor, async (change) => {
    const row = await tokenIssuerRow(change.trx, id);
    requireRevision(row, revision);
    await requireUnused(change.trx, id);
    await change.trx.deleteFrom("token_issuers").where("id", "=", id).execute();
    await auditIssuer(change, "token_issuer.delete", id, viewOf(plane, row), null);
  });
}

/** Whether keys are the ones that are stored, as with secrets of credentials. Those that do not fit the issuer are not. */
export async function areTokenIssuerKeys(
  plane: Plane,
  actor: Actor,
  id: string,
  keys: TokenIssuerKeys,
): Promise<boolean> {
  require(actor, CHANGES, null);
  const row = await tokenIssuerRow(plane.db, id);
  if (row.keys === null) return false;
  const stored = compiledTokenIssuer(plane.sealer, row);
  const { jwks_url: _fetched, ...options } = parseJson<TokenIssuerOptions>(row.options);
  const given = readTokenIssuerDocument(documentOf(id, row.issuer, { ...options, jwks_url: null }, keys));
  if (!given.ok || !("issuer" in stored)) return false;
  return isSameSecret(JSON.stringify(stored.issuer.keys), JSON.stringify(given.issuer.keys));
}

/** Throws `invalid_request`. */
export async function requireTokenIssuer(db: Connection, id: string): Promise<void> {
  const row = await db.selectFrom("token_issuers").select("id").where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw refused([{ path: "jwt.issuer", message: `there is no token issuer ${id}` }]);
}

export type CompiledIssuer = { issuer: JwtIssuerSnapshot } | { problems: readonly FieldProblem[] };

/** As gateways get it. Throws SealError. */
export function compiledTokenIssuer(sealer: Sealer, row: TokenIssuerRow): CompiledIssuer {
  const options = parseJson<TokenIssuerOptions>(row.options);
  const read = readTokenIssuerDocument(documentOf(row.id, row.issuer, options, openedKeys(sealer, row)));
  return read.ok ? { issuer: read.issuer } : { problems: read.problems };
}

function columnsOf(
  { sealer }: Plane,
  id: string,
  issuer: string,
  options: TokenIssuerOptions,
  keys: TokenIssuerKeys,
): Pick<TokenIssuerRow, "options" | "keys"> {
  const read = readTokenIssuerDocument(documentOf(id, issuer, options, keys));
  const problems = [...(read.ok ? [] : read.problems), ...furtherProblems(options)];
  if (problems.length > 0) throw refused(problems);
  const isInline = options.jwks_url === null;
  return {
    options: JSON.stringify(options),
    keys: isInline ? sealer.seal(JSON.stringify(keys), TOKEN_ISSUER_KEYS) : null,
  };
}

/** In a file, whoever runs the machine says where it reaches out to. */
function furtherProblems({ jwks_url, jwks_refresh }: TokenIssuerOptions): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (jwks_url !== null && URL.canParse(jwks_url) && !isSafeUrl(new URL(jwks_url))) {
    problems.push({ path: "jwks_url", message: "expected https:// (http:// for this machine alone)" });
  }
  if (soonerThan(jwks_refresh, SHORTEST_REFRESH)) {
    problems.push({ path: "jwks_refresh", message: `at least ${SHORTEST_REFRESH}` });
  }
  return problems;
}

/** Of one that can't be read, the rules of the document have said so. */
function soonerThan(duration: string, shortest: string): boolean {
  const ms = parseDuration(duration);
  return ms !== undefined && ms < (parseDuration(shortest) ?? 0);
}

function documentOf(id: string, issuer: string, options: TokenIssuerOptions, keys: TokenIssuerKeys): object {
  const { jwks_url, ...others } = options;
  return { id, issuer, ...others, ...withoutUndefined({ ...keys, jwks_url: jwks_url ?? undefined }) };
}

function openedKeys(sealer: Sealer, { keys }: TokenIssuerRow): TokenIssuerKeys {
  return keys === null ? {} : parseJson<TokenIssuerKeys>(sealer.open(keys, TOKEN_ISSUER_KEYS));
}

async function requireUnused(db: Connection, id: string): Promise<void> {
  const query = db
    .selectFrom("credentials")
    .select("application_id")
    .distinct()
    .where("issuer_id", "=", id)
    .where("revoked_at", "is", null);
  const users = (await query.orderBy("application_id").execute()).map(({ application_id }) => application_id);
  if (users.length === 0) return;
  const shown = users.slice(0, SHOWN_APPLICATIONS).join(", ");
  const more = users.length > SHOWN_APPLICATIONS ? ` and ${users.length - SHOWN_APPLICATIONS} more` : "";
  throw new ProblemError(
    "in_use",
    `credentials of applications are for its tokens: ${shown}${more}; revoke them first`,
  );
}

async function tokenIssuerRow(db: Connection, id: string): Promise<TokenIssuerRow> {
  return found(await db.selectFrom("token_issuers").selectAll().where("id", "=", id).executeTakeFirst());
}

const viewOf = ({ sealer }: Plane, row: TokenIssuerRow): TokenIssuerView => ({
  id: row.id,
  issuer: row.issuer,
  ...parseJson<TokenIssuerOptions>(row.options),
  ...shownKeys(() => openedKeys(sealer, row)),
  created_by: row.created_by,
  created_at: isoTime(row.created_at),
  revision: row.revision,
});

async function auditIssuer(change: Change, action: string, id: string, before: object | null, after: object | null) {
  change.touch({ kind: "organisation", id: "token issuers" });
  await change.audit({ action, subjectType: "token_issuer", subjectId: id, teamId: null, before, after });
}

function withoutUndefined<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]: Exclude<Fields[Key], undefined> } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Key in keyof Fields]: Exclude<Fields[Key], undefined> };
}

function refused(problems: readonly FieldProblem[]): ProblemError {
  // Of the issuer as a whole: where its keys come from.
  const errors = problems.map(({ path, message }) => ({ path: path === "" ? "keys" : path, message }));
  const [first] = errors;
  return new ProblemError("invalid_request", `${first?.path}: ${first?.message}`, { errors });
}

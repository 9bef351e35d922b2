import { createHash, randomBytes } from "node:crypto";
import type { CredentialSnapshot } from "../../contracts/snapshot.ts";
import { readCredentialDocument } from "../../snapshot/credential-document.ts";
import { parseDuration } from "../../snapshot/schema/scalars.ts";
import { isSameSecret, newSecret } from "../ids.ts";
import type { Plane } from "../plane.ts";
import { type FieldProblem, ProblemError } from "../problem.ts";
import { HMAC_SECRET } from "../storage/sealed.ts";
import { parseJson } from "./rows.ts";
import { type CredentialRow, shownFields } from "./stored-credential.ts";

type Optional<Fields> = { [Key in keyof Fields]?: Fields[Key] | undefined };

/** Of one kind, those that are given; all absent: they are made here. */
export type SecretFields = Optional<{
  password: string;
  password_digest: string;
  secret: string;
  secret_base64: string;
}>;

/** As an entry of `credentials` in `tidegate.yaml` has them, but for secrets that are to be made here. None: an API key. */
export type KindFields = Optional<{
  basic: { username: string } & Pick<SecretFields, "password" | "password_digest">;
  hmac: { key_id: string } & Pick<SecretFields, "secret" | "secret_base64"> & Optional<{ max_age: string }>;
  jwt: { issuer: string; claim: string; values: readonly string[] };
  mtls: Optional<{ subject: string; san: string; fingerprint: string }>;
}>;

/** What was made here, and is shown this once. */
export interface MadeSecret {
  key?: string;
  password?: string;
  secret?: string;
}

export interface NewKind<Made extends MadeSecret = MadeSecret> {
  columns: Pick<CredentialRow, "kind" | "prefix" | "digest" | "secret" | "details" | "issuer_id">;
  made: Made;
}

const KINDS = ["basic", "hmac", "jwt", "mtls"] as const;
/** Counters are kept as long as signatures may be old, in memory that all applications share. */
const LONGEST_MAX_AGE = "1h";
/** RFC 7519 §4.1: they are the same for all callers of an issuer, or others with each token. */
const NO_CALLERS = ["iss", "aud", "exp", "nbf", "iat", "jti"];

export function newApiKey(): NewKind<{ key: string }> {
  const { value, prefix, digest } = newSecret("tg");
  const columns = { kind: "api-key" as const, prefix, digest, secret: null, details: "{}", issuer_id: null };
  return { columns, made: { key: value } };
}

/** Throws `invalid_request`. */
export function newKind(plane: Pick<Plane, "sealer">, given: KindFields): NewKind {
  const [kind, ...more] = KINDS.filter((one) => given[one] !== undefined);
  if (kind === undefined) return newApiKey();
  if (more.length > 0)
    throw refused([{ path: more[0] ?? "", message: `a credential is of one kind: this one has ${kind}` }]);
  const { complete, made } = withMadeSecret(given);
  const read = readCredentialDocument(complete);
  const problems = read.ok ? furtherProblems(given) : read.problems;
  if (!read.ok || problems.length > 0) throw refused(problems);
  return { columns: columnsOf(plane, complete, read.credential), made };
}

/** The same with another secret. Throws `conflict` where there is none, and `invalid_request`. */
export function renewedKind(plane: Pick<Plane, "sealer">, row: CredentialRow, secrets: SecretFields): NewKind {
  const { basic, hmac } = shownFields(row);
  const { password, password_digest, secret, secret_base64 } = secrets;
  if (row.kind === "jwt" || row.kind === "mtls") {
    throw new ProblemError("conflict", `a credential of kind ${row.kind} has no secret here that could be rotated`);
  }
  requireOwn(secrets, row.kind);
  if (basic !== undefined) return newKind(plane, { basic: { ...basic, password, password_digest } });
  if (hmac !== undefined) return newKind(plane, { hmac: { ...hmac, secret, secret_base64 } });
  return newApiKey();
}

/** Whether the secret that is given is the one that is stored. Throws as `renewedKind` does. */
export function isStoredSecret({ sealer }: Pick<Plane, "sealer">, row: CredentialRow, secrets: SecretFields): boolean {
  const { basic, hmac } = shownFields(row);
  const { password, password_digest, secret, secret_base64 } = secrets;
  if (basic === undefined && hmac === undefined) {
    throw new ProblemError("conflict", `a credential of kind ${row.kind} has no secret that could be compared`);
  }
  requireOwn(secrets, row.kind);
  const document =
    basic === undefined
      ? { hmac: { ...hmac, secret, secret_base64 } }
      : { basic: { ...basic, password, password_digest } };
  const read = readCredentialDocument(document);
  if (!read.ok) throw refused(read.problems);
  const { credential } = read;
  if (credential.kind === "hmac") return isSameSecret(sealer.open(row.secret ?? "", HMAC_SECRET), credential.secret);
  if (credential.kind !== "basic") return false;
  const { salt } = parseJson<{ salt: string }>(row.details);
  const digest = password === undefined ? credential.digest : digestOf(Buffer.from(salt, "hex"), password);
  return isSameSecret(row.digest ?? "", digest) && (password !== undefined || salt === credential.salt);
}

const SECRETS: Readonly<Record<string, readonly string[]>> = {
  basic: ["password", "password_digest"],
  hmac: ["secret", "secret_base64"],
};

function requireOwn(secrets: SecretFields, kind: string): void {
  const own = SECRETS[kind] ?? [];
  const strange = Object.entries(secrets).filter(([key, value]) => value !== undefined && !own.includes(key));
  if (strange.length === 0) return;
  throw refused(
    strange.map(([path]) => ({ path, message: `a credential of kind ${kind} has none that could be given` })),
  );
}

function withMadeSecret(given: KindFields): { complete: KindFields; made: MadeSecret } {
  const { basic, hmac } = given;
  if (basic !== undefined && basic.password === undefined && basic.password_digest === undefined) {
    const { value } = newSecret("tgb");
    return { complete: { basic: { ...basic, password: value } }, made: { password: value } };
  }
  if (hmac !== undefined && hmac.secret === undefined && hmac.secret_base64 === undefined) {
    const { value } = newSecret("tgh");
    return { complete: { hmac: { ...hmac, secret: value } }, made: { secret: value } };
  }
  return { complete: given, made: {} };
}

/** What a file may say, where whoever runs the machine has written it. */
function furtherProblems({ hmac, jwt }: KindFields): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if ((parseDuration(hmac?.max_age) ?? 0) > (parseDuration(LONGEST_MAX_AGE) ?? 0)) {
    problems.push({ path: "hmac.max_age", message: `at most ${LONGEST_MAX_AGE}` });
  }
  if (jwt !== undefined && NO_CALLERS.includes(jwt.claim)) {
    const message = `\`${jwt.claim}\` does not tell callers apart: name a claim that does, such as azp`;
    problems.push({ path: "jwt.claim", message });
  }
  return problems;
}

type ReadCredential = Exclude<CredentialSnapshot, { kind: "api-key" }>;

function columnsOf(
  { sealer }: Pick<Plane, "sealer">,
  { basic, hmac }: KindFields,
  read: ReadCredential,
): NewKind["columns"] {
  const common = { kind: read.kind, prefix: "", digest: null, secret: null, issuer_id: null };
  switch (read.kind) {
    case "basic": {
      // One that was given as a digest has its salt.
      const { salt, digest } = basic?.password === undefined ? read : salted(basic.password);
      return { ...common, digest, details: JSON.stringify({ username: read.username, salt }) };
    }
    case "hmac": {
      const details = JSON.stringify({ key_id: read.keyId, max_age: hmac?.max_age ?? DEFAULT_MAX_AGE });
      return { ...common, secret: sealer.seal(read.secret, HMAC_SECRET), details };
    }
    case "jwt": {
      const { issuer, claim, values } = read;
      return { ...common, issuer_id: issuer, details: JSON.stringify({ issuer, claim, values: [...new Set(values)] }) };
    }
    case "mtls":
      return { ...common, details: JSON.stringify({ [read.by]: read.value }) };
  }
}

/** As in `tidegate.yaml`. */
const DEFAULT_MAX_AGE = "5m";
const SALT_BYTES = 16;

function salted(password: string): { salt: string; digest: string } {
  const salt = randomBytes(SALT_BYTES);
  return { salt: salt.toString("hex"), digest: digestOf(salt, password) };
}

function digestOf(salt: Buffer, password: string): string {
  return createHash("sha256").update(salt).update(password).digest("hex");
}

export function refused(errors: readonly FieldProblem[]): ProblemError {
  const [first] = errors;
  const message = first === undefined ? "the credential can't be used" : `${first.path}: ${first.message}`;
  return new ProblemError("invalid_request", message, { errors });
}

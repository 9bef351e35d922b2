import { isDeepStrictEqual } from "node:util";
import { TOKEN_ISSUER_DEFAULTS } from "../../snapshot/schema/jwt-issuer.ts";
import { parseDuration } from "../../snapshot/schema/scalars.ts";
import { type Difference, differencesOf, differencesOfNew } from "../diff.ts";
import { credentialText } from "./credentials.ts";
import type { PlanNotebook } from "./plan-notebook.ts";
import type {
  ActualCredential,
  ActualState,
  ActualTokenIssuer,
  DesiredApplication,
  DesiredCredential,
  DesiredState,
  DesiredTokenIssuer,
} from "./state.ts";
import type { Subject } from "./steps.ts";

/** None is ever removed: those who call with its tokens would be shut out. */
export function planTokenIssuers(notebook: PlanNotebook, desired: DesiredState, actual: ActualState): void {
  for (const issuer of desired.tokenIssuers) {
    const subject: Subject = { kind: "token issuer", id: issuer.id, team: null };
    notebook.wanted(subject);
    if (actual.tokenIssuers === null) {
      notebook.obstacle(subject, "token issuers are not yours to see: who may change the settings applies them");
      continue;
    }
    const before = actual.tokenIssuers.find(({ id }) => id === issuer.id);
    if (before !== undefined) planIssuerChange(notebook, subject, issuer, before);
    else if (issuer.keys === null && issuer.fields.jwks_url === null) {
      notebook.obstacle(subject, "a secret of its `keys` is missing: a new token issuer needs it");
    } else {
      const { id, issuer: iss, fields, keys } = issuer;
      const body = { id, issuer: iss, ...fields, ...keys };
      const differences = differencesOfNew(TOKEN_ISSUER_DEFAULTS, { issuer: iss, ...fields, ...keys }, isKey);
      notebook.step(subject, { type: "create-token-issuer", issuer: body }, differences);
    }
  }
}

function planIssuerChange(
  notebook: PlanNotebook,
  subject: Subject,
  { id, issuer, fields, keys }: DesiredTokenIssuer,
  before: ActualTokenIssuer,
): void {
  if (before.issuer !== issuer) {
    notebook.obstacle(subject, `its issuer is ${before.issuer}, which can't be changed: choose another id`);
    return;
  }
  if (keys === null && fields.jwks_url === null && before.jwks_url !== null) {
    notebook.obstacle(subject, "a secret of its `keys` is missing: none is stored");
    return;
  }
  const changed = Object.entries(fields).filter(([key, value]) => !isDeepStrictEqual(before[key], value));
  const changes: Record<string, unknown> = { ...Object.fromEntries(changed), ...(before.keysFit ? {} : keys) };
  const names = Object.keys(changes);
  if (names.length === 0) return;
  const was = Object.fromEntries(names.map((key) => [key, isKey([key]) ? STORED : before[key]]));
  const differences = differencesOf(was, changes, isKey);
  notebook.step(subject, { type: "update-token-issuer", id, fields: changes, revision: before.revision }, differences);
}

/** In the place of a secret that nobody is shown. */
const STORED = "stored";

function isKey([first]: readonly (string | number)[]): boolean {
  return first === "keys" || first === "jwk_set";
}

/** What is not wanted any more goes first: what comes may be found by some of the same. */
export function planCredentials(
  notebook: PlanNotebook,
  desired: DesiredState,
  actual: ActualState,
  { prune }: { prune: boolean },
): void {
  for (const application of desired.applications) {
    const { id, team, credentials: wanted } = application;
    if (wanted === null) continue;
    const before = currentOnes(actual.credentials, id);
    for (const [text, one] of before) {
      if (wanted.some((other) => other.text === text)) continue;
      const subject = credentialSubject(id, text, team);
      if (prune) notebook.step(subject, { type: "revoke-credential", application: id, id: one.id });
      else notebook.surplus(subject);
    }
    for (const one of wanted) planCredential(notebook, application, one, before.get(one.text));
  }
}

/** By what they are found by: what was rotated ends by itself. */
export function currentOnes(
  credentials: readonly ActualCredential[],
  application: string,
): Map<string, ActualCredential> {
  const living = credentials.filter((one) => {
    return one.application === application && one.kind !== "api-key" && one.state !== "revoked";
  });
  const sorted = living.sort((one, other) => {
    const byTime = one.created_at.localeCompare(other.created_at);
    // Of one moment, the one that does not end came after the one that does.
    return byTime === 0 ? Number(one.expires_at === null) - Number(other.expires_at === null) : byTime;
  });
  return new Map(sorted.map((one) => [credentialText(one), one]));
}

function planCredential(
  notebook: PlanNotebook,
  { id: application, team }: DesiredApplication,
  { kind, text, fields, secret, name, expires_at, addresses }: DesiredCredential,
  before: ActualCredential | undefined,
): void {
  const subject = credentialSubject(application, text, team);
  const terms = { name, expires_at, addresses };
  notebook.wanted(subject);
  if (before === undefined) {
    if (secret === null && (kind === "basic" || kind === "hmac")) {
      const what = kind === "basic" ? "password" : "secret";
      const hint = "or make the credential with `tidegate credentials create`";
      notebook.obstacle(subject, `\`${what}\` is missing: none is stored. Give it, ${hint}`);
      return;
    }
    const body = { ...terms, [kind]: { ...fields, ...secret } };
    const shown = { ...terms, ...fields, ...secret };
    const differences = differencesOfNew({ name: text, expires_at: null, addresses: [] }, shown, isSecret);
    notebook.step(subject, { type: "create-credential", application, credential: body }, differences);
    return;
  }
  if (kind === "hmac" && parseDuration(fields.max_age) !== parseDuration(before.hmac?.max_age)) {
    notebook.obstacle(subject, `its max_age is ${before.hmac?.max_age}, which can't be changed: revoke it first`);
    return;
  }
  const { id, revision } = before;
  if (secret !== null && !before.secretFits) {
    // One that comes of a rotation does not end.
    const further = changesOf({ ...before, expires_at: null }, terms);
    const [name_ = ""] = Object.keys(secret);
    const differences: Difference[] = [{ path: name_, before: STORED, after: secret[name_], hidden: true }];
    const action = { type: "rotate-credential" as const, application, id, secret, fields: further };
    notebook.step(subject, action, [...differences, ...termDifferences(before, further)]);
    return;
  }
  const changes = changesOf(before, terms);
  if (Object.keys(changes).length === 0) return;
  const action = { type: "update-credential" as const, application, id, fields: changes, revision };
  notebook.step(subject, action, termDifferences(before, changes));
}

function changesOf(before: ActualCredential, terms: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(terms).filter(([key, value]) => !isDeepStrictEqual(before[key], value)));
}

function termDifferences(before: ActualCredential, changes: Record<string, unknown>): Difference[] {
  const was = Object.fromEntries(Object.keys(changes).map((key) => [key, before[key]]));
  return differencesOf(was, changes, isSecret);
}

function isSecret([first]: readonly (string | number)[]): boolean {
  return /^(password|secret)/.test(String(first));
}

function credentialSubject(application: string, text: string, team: string): Subject {
  return { kind: "credential", id: `${application}: ${text}`, team };
}

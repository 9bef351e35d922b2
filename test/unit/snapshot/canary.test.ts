import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { formatProblems } from "../../../src/snapshot/problems/problem.ts";
import { resolveReferences } from "../../../src/snapshot/secrets/resolve-references.ts";
import { LocatedDocument } from "../../../src/snapshot/sources/document.ts";
import { parseConfiguration } from "../../../src/snapshot/sources/file.ts";
import { schemaFor, validateDocument } from "../../../src/snapshot/validate.ts";
import { runs, triedHere } from "../../helpers/property-runs.ts";

const CANARY = "canary-7f3b9c";

/** Every place where a secret belongs, in the ways people write it. */
const CONFIGURATION = `version: 1
listeners:
  - address: "127.0.0.1:8443"
    tls:
      cert: nowhere.pem
      key: nowhere.pem
      passphrase: "${CANARY}"
      server_names:
        - { name: example.org, cert: a.pem, key: b.pem, passphrase: ${CANARY} }
providers:
  - id: openai
    kind: openai
    keys: [{ id: main, value: ${CANARY}, weight: 1 }]
    headers:
      authorization: Bearer ${CANARY}
  - id: anthropic
    kind: anthropic
    keys:
      - id: main
        value: "${CANARY}"
      - value: "\${FROM_ENVIRONMENT}"
  - id: bedrock
    kind: bedrock
    settings: { region: eu-west-1 }
    keys: [{ aws: { access_key_id: ${CANARY}, secret_access_key: ${CANARY}, session_token: "${CANARY}" } }]
  - id: vertex
    kind: vertex-ai
    settings: { project: p1 }
    keys: [{ service_account: "${CANARY}" }, { service_account: '{"private_key": "${CANARY}"}' }]
  - id: azure
    kind: azure-openai
    settings: { resource: r1 }
    keys: [{ entra: { tenant_id: t1, client_id: c1, client_secret: ${CANARY} } }]
services:
  - id: billing
    routes: [{ path: /billing }]
    upstream: { targets: [{ url: "http://127.0.0.1:9001" }] }
    request_headers:
      set: { x-api-key: ${CANARY} }
applications:
  - id: web
    keys:
      - ${CANARY}-1234567890
      - "\${FROM_ENVIRONMENT}"
    subscriptions: [billing, ai]
`;

const CREDENTIALS = `version: 1
applications:
  - id: web
    keys:
      - value: ${CANARY}-0123456789
        expires_at: 2027-01-01T00:00:00Z
      - { id: ci, digest: ${CANARY} }
    credentials:
      - basic: { username: web, password: ${CANARY}-0123456789 }
      - basic:
          username: other
          password_digest: ${CANARY}
      - { hmac: { key_id: web-1, secret: "${CANARY}-0123456789-0123456789" } }
      - hmac: { key_id: web-2, secret_base64: ${CANARY} }
jwt_issuers:
  - id: own
    issuer: https://login.example.org
    algorithms: [HS256]
    keys: [{ id: main, secret: ${CANARY}-0123456789-0123456789 }, { secret_base64: "${CANARY}" }]
  - id: other
    issuer: https://other.example.org
    algorithms: [RS256]
    keys: [{ public_key: ${CANARY} }]
  - id: third
    issuer: https://third.example.org
    algorithms: [HS256]
    jwk_set: { keys: [{ kty: oct, k: ${CANARY} }] }
`;

function problemsOf(text: string): string {
  const { problems, warnings } = parseConfiguration("tidegate.yaml", text, { FROM_ENVIRONMENT: CANARY }, CATALOGUE);
  return formatProblems([...problems, ...warnings]);
}

const REFERENCES = `version: 1
providers:
  - id: openai
    kind: openai
    keys: [{ id: main, value: { env: KEY } }]
    headers: { authorization: { vault: { path: secret/openai, field: key }, prefix: "Bearer " } }
applications:
  - id: web
    keys: [{ file: /run/secrets/web }, { id: ci, digest: { env: KEY } }]
    credentials:
      - basic: { username: web, password_digest: { vault: { path: secret/web, field: digest } } }
      - hmac: { key_id: web-1, secret_base64: { env: KEY } }
`;

/** Whatever a reference leads to is a secret, and mostly none that the field takes. */
async function problemsWithReferences(text: string): Promise<string> {
  const document = new LocatedDocument("tidegate.yaml", text, {});
  const resolve = async (all: readonly object[]) =>
    all.map(() => ({ ok: true as const, value: `${CANARY} ${CANARY}` }));
  await resolveReferences(document, schemaFor(CATALOGUE), "/", { resolve });
  const { problems, warnings } = validateDocument(document, { catalogue: CATALOGUE, baseDirectory: "/" });
  return formatProblems([...problems, ...warnings]);
}

test("secrets that references lead to are in no message, whatever character of the file is lost or replaced", async () => {
  expect(await problemsWithReferences(REFERENCES)).toContain("expected a non-empty key without spaces");
  for (const [index, character] of triedHere([...REFERENCES].map((one, at) => [at, one] as const))) {
    const replacement = ["", " ", ":", '"', "{", "}"][(index / 3) % 6] ?? "";
    if (character === "\n" || index < 11 || index % 3 !== 0) continue;
    const text = REFERENCES.slice(0, index) + replacement + REFERENCES.slice(index + 1);
    const problems = await problemsWithReferences(text);
    if (problems.includes(CANARY)) expect.fail(`shown with ${JSON.stringify(replacement)} at ${index}`);
  }
}, 60_000);

/** From the field's name to just behind the value. */
function positionsNearSecrets(configuration: string): number[] {
  return [...configuration.matchAll(new RegExp(CANARY, "g"))].flatMap(({ index }) => [
    ...Array.from({ length: 14 }, (_, offset) => index - 14 + offset),
    ...Array.from({ length: 3 }, (_, offset) => index + CANARY.length + offset),
  ]);
}

describe.each([
  ["of providers, services and listeners", CONFIGURATION, "nowhere.pem"],
  ["of applications and issuers", CREDENTIALS, "expected a public key or certificate in PEM format"],
])("secrets in messages about a file with those %s", (_name, configuration, problem) => {
  test("the configuration as it stands", () => {
    const problems = problemsOf(configuration);
    expect(problems).toContain(problem);
    expect(problems).not.toContain(CANARY);
  });

  test("none appears whatever character near it is lost, doubled or replaced", () => {
    const replacements = ["", " ", ":", "'", '"', "{", "&", "!", "#", "\n", "-"];
    for (const index of triedHere(positionsNearSecrets(configuration))) {
      const all = [...replacements, (configuration[index] ?? "").repeat(2)];
      // Places lie close: each is tried at one of six that follow each other.
      for (const replacement of all.filter((_, number) => (number + index) % 6 === 0)) {
        const text = configuration.slice(0, index) + replacement + configuration.slice(index + 1);
        const problems = problemsOf(text);
        if (problems.includes(CANARY))
          expect.fail(`shown with ${JSON.stringify(replacement)} at ${index}:\n${problems}`);
      }
    }
  }, 180_000);

  test("none appears whatever line is lost, moved or indented otherwise", () => {
    const lines = configuration.split("\n");
    const position = fc.nat(lines.length - 1);
    fc.assert(
      fc.property(position, position, fc.integer({ min: -4, max: 4 }), (from, to, indent) => {
        const changed = [...lines];
        const [line = ""] = changed.splice(from, 1);
        changed.splice(to, 0, indent < 0 ? line.slice(-indent) : " ".repeat(indent) + line);
        expect(problemsOf(changed.join("\n"))).not.toContain(CANARY);
      }),
      { numRuns: runs(300) },
    );
  });
});

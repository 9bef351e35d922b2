import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDeclarations } from "../../../src/cli/apply/declarations.ts";
import { formatProblems } from "../../../src/snapshot/problems/problem.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidegate-declarations-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

async function problemsIn(text: string, env: Record<string, string> = {}): Promise<string> {
  const file = write("problems.yaml", text);
  const { desired, problems } = await readDeclarations([file], env);
  expect(desired).toBeNull();
  return formatProblems(problems).replaceAll(file, "file");
}

const SERVICE = `  - id: billing
    team: finance
    routes: [{ path: /billing, methods: [get] }]
    upstream: { targets: [{ url: "\${URL}" }], timeouts: { idle: 30s } }
`;

describe("declarations", () => {
  it("keep the words of the file, with defaults beside them", async () => {
    const file = write("good.yaml", `version: 1\nservices:\n${SERVICE}`);
    const { desired } = await readDeclarations([file], { URL: "http://127.0.0.1:9001" });
    expect(desired?.services).toEqual([
      {
        id: "billing",
        team: "finance",
        name: "billing",
        description: "",
        category: "",
        tags: [],
        documentation: "",
        openapi: null,
        visibility: "team",
        approval: "manual",
        sharedWith: [],
        publish: false,
        note: "",
        draft: {
          routes: [{ path: "/billing", methods: ["get"] }],
          upstream: { targets: [{ url: "http://127.0.0.1:9001" }], timeouts: { idle: "30s" } },
        },
      },
    ]);
    expect(desired?.lists).toMatchObject({ services: true, applications: false, models: false });
  });

  it("name what is wrong with credentials and token issuers, and repeat no secret", async () => {
    const text = `version: 1
token_issuers:
  - { id: corp, issuer: a, algorithms: [HS256], keys: [{ secret: canary-short }] }
  - { id: corp, issuer: b, algorithms: [RS256], keys: [{ secret: canary-0123456789-0123456789-0123456789 }] }
applications:
  - id: web
    team: shop
    credentials:
      - { basic: { username: cron, password: canary-short } }
      - { basic: { username: cron, password_digest: canary } }
      - { hmac: { key_id: a, secret: { env: NOT_SET } } }
      - { jwt: { issuer: corp, claim: azp, values: [] } }
      - { basic: { username: a }, mtls: { subject: CN=a, san: b } }
`;
    const said = await problemsIn(text);
    expect(said).not.toContain("canary");
    for (const [place, message] of [
      ["3:66", "token_issuers[0].keys[0].secret: expected a secret of at least 32 characters"],
      ["4:11", "token_issuers[1].id: duplicate id: a token issuer before it has the same"],
      ["4:56", "token_issuers[1].keys[0]: a secret can't verify RS256: give a public_key"],
      [
        "9:46",
        "applications[0].credentials[0].basic.password: expected a generated password of at least 20 characters",
      ],
      ["10:30", "applications[0].credentials[1].basic.username: one before it is found by the same"],
      [
        "11:38",
        "applications[0].credentials[2].hmac.secret: the secret can't be had: the environment variable NOT_SET is not set",
      ],
      ["12:52", "applications[0].credentials[3].jwt.values"],
      ["13:9", "applications[0].credentials[4]: expected exactly one of basic, hmac, jwt, mtls; found basic and mtls"],
      ["13:41", "applications[0].credentials[4].mtls: expected exactly one of subject, san, fingerprint"],
    ]) {
      expect(said).toContain(`file:${place} ${message}`);
    }
  });

  it("name file, line and column of what is wrong, and what is allowed", async () => {
    const text = `version: 1
teams: [{ id: Finance }]
services:
  - id: billing
    team: finance
    publsh: true
    routes: [{ path: billing }]
applications:
  - { id: web, team: shop, keys: [tg_0123456789abcdef] }
`;
    const said = await problemsIn(text);
    expect(said).toMatch(/file:2:15 teams\[0\]\.id: expected an id of lower-case letters/);
    expect(said).toMatch(/file:6:5 services\[0\]\.publsh: unknown key "publsh" \(did you mean "publish"\?\)/);
    expect(said).toMatch(/file:7:22 services\[0\]\.routes\[0\]\.path: expected a path that begins with `\/`/);
    expect(said).toMatch(/file:4:5 services\[0\]: `upstream` is missing/);
    expect(said).toMatch(/file:9:28 applications\[0\]\.keys: unknown key "keys"/);
    expect(said).not.toContain("tg_0123456789abcdef");
  });

  it("refuse variables that are not set, and a publication of nothing", async () => {
    expect(await problemsIn(`version: 1\nservices:\n${SERVICE}`)).toMatch(/file:6.*URL is not set/);
    const nothing = "version: 1\nservices: [{ id: billing, team: finance, publish: true }]\n";
    expect(await problemsIn(nothing)).toMatch(/`routes` is missing: there is nothing to publish/);
  });

  it("take the documents that they name from files beside them, as they are", async () => {
    const openapi = `openapi: 3.1.0\ninfo: { title: '\${NOT_A_VARIABLE}', version: '1' }\n`;
    write("folder/api/billing.yaml", openapi);
    write("folder/manual.json", "# no declaration\n");
    const head = "version: 1\nservices:\n  - { id: billing, team: finance, ";
    write("folder/services.yaml", `${head}openapi_file: api/billing.yaml, documentation_file: manual.json }\n`);
    write("folder/notes.txt", "not read");
    const { desired, problems } = await readDeclarations([join(folder, "folder")], {});
    expect(problems).toEqual([]);
    expect(desired?.services).toMatchObject([{ id: "billing", openapi, documentation: "# no declaration\n" }]);
    const missing = "version: 1\nservices:\n  - { id: billing, team: finance, openapi_file: nowhere.yaml }\n";
    expect(await problemsIn(missing)).toMatch(/file:3:49 .*can't use the file "nowhere.yaml": there is no such file/);
  });

  it("refuse the same thing twice, in one file and in two", async () => {
    const one = write("one.yaml", "version: 1\nteams: [{ id: finance }]\n");
    const two = write("two.yaml", "version: 1\nteams:\n  - id: finance\n");
    const { desired, problems } = await readDeclarations([one, two], {});
    expect(desired).toBeNull();
    expect(formatProblems(problems)).toBe(`${two}:3:9 teams[0].id: duplicate team: it is in ${one}:2 already`);
    expect(
      await problemsIn(
        "version: 1\nroles: [{ id: a, scope: team, permissions: [] }, { id: a, scope: team, permissions: [] }]\n",
      ),
    ).toMatch(/file:2:\d+ roles\[1\]\.id: duplicate id/);
  });

  it("say which file can't be read", async () => {
    const { desired, problems } = await readDeclarations([join(folder, "nowhere.yaml")], {});
    expect(desired).toBeNull();
    expect(formatProblems(problems)).toMatch(/nowhere\.yaml: can't read it: there is no such file/);
  });
});

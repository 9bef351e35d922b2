import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SecretReference } from "../../../src/contracts/secret-reference.ts";
import type { SecretReader } from "../../../src/platform/secrets/secret-store.ts";
import { loadConfiguration } from "../../../src/snapshot/load.ts";
import { formatProblems } from "../../../src/snapshot/problems/problem.ts";
import { restService } from "../../helpers/rest-service.ts";

const CANARY = "canary-7f3b9c-0123456789-0123456789";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidegate-references-"));
  writeFileSync(join(folder, "key.txt"), `${CANARY}-file\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function load(text: string, secrets?: SecretReader) {
  const configPath = join(folder, "tidegate.yaml");
  writeFileSync(configPath, text);
  const env = { KEY: `${CANARY}-env` };
  return loadConfiguration({
    configPath,
    home: folder,
    env,
    version: 1,
    ...(secrets === undefined ? {} : { secrets }),
  });
}

async function problemsOf(text: string, secrets?: SecretReader): Promise<string> {
  const result = await load(text, secrets);
  return result.ok ? "none" : formatProblems(result.problems).replaceAll(folder, "");
}

/** Finds everything, and says where it looked. */
function vault(asked: SecretReference[] = []): SecretReader {
  return {
    resolve: async (references) => {
      asked.push(...references);
      return references.map((one) => ({ ok: true, value: `${one.prefix ?? ""}${CANARY}-${Object.keys(one)[0]}` }));
    },
  };
}

const EVERYWHERE = `version: 1
providers:
  - id: openai
    kind: openai
    keys: [{ value: { vault: { path: secret/openai, field: key } } }]
    headers: { x-proxy: { file: key.txt } }
services:
  - id: billing
    routes: [{ path: /billing, policies: { response_headers: { set: { x-a: { env: KEY } } } } }]
    upstream: { targets: [{ url: "http://127.0.0.1:9001" }] }
    request_headers: { set: { authorization: { vault: { path: secret/billing, field: token }, prefix: "Bearer " } } }
applications:
  - id: web
    keys: [{ env: KEY }, { value: { file: key.txt } }]
    credentials:
      - basic: { username: web, password: { vault: { path: secret/web, field: password } } }
      - hmac: { key_id: web-1, secret: { vault: { path: secret/web, field: hmac } } }
jwt_issuers:
  - id: own
    issuer: https://login.example.org
    algorithms: [HS256]
    audiences: [tidegate]
    keys: [{ secret: { vault: { path: secret/jwt, field: hs256 } } }]
`;

describe("references to secrets in tidegate.yaml", () => {
  it("stand wherever a secret may be", async () => {
    const asked: SecretReference[] = [];
    const result = await load(EVERYWHERE, vault(asked));
    if (!result.ok) expect.fail(formatProblems(result.problems));
    expect(asked).toHaveLength(9);
    expect(asked).toContainEqual({ file: join(folder, "key.txt") });
    const { providers, services } = result.snapshot;
    expect(providers[0]?.keys[0]?.value).toBe(`${CANARY}-vault`);
    expect(restService(services[0]).requestHeaders.set).toEqual([["authorization", `Bearer ${CANARY}-vault`]]);
  });

  it("are checked without Vault where nothing is served: what is on the machine is read, the rest left alone", async () => {
    const result = await load(EVERYWHERE);
    if (!result.ok) expect.fail(formatProblems(result.problems));
    expect(result.snapshot.providers[0]?.headers["x-proxy"]).toBe(`${CANARY}-file`);
    expect(await problemsOf(EVERYWHERE.replaceAll("env: KEY", "env: NOT_SET"))).toMatch(
      /tidegate.yaml:9:76 services\[0\].*x-a: the secret can't be had: the environment variable NOT_SET is not set/,
    );
  });

  it("name file, line and column of what is wrong with one, and say nothing of a secret", async () => {
    const withKey = (reference: string) =>
      problemsOf(
        `version: 1\nproviders:\n  - { id: openai, kind: openai, keys: [{ value: ${reference} }] }\n`,
        vault(),
      );
    const at = "/tidegate.yaml:3:49 providers[0].keys[0].value: ";
    expect(await withKey("{ env: KEY, file: key.txt }")).toBe(`${at}a reference has exactly one of env, file, vault`);
    expect(await withKey(`{ env: KEY, value: ${CANARY} }`)).toBe(
      `${at}beside \`env\`, a reference has nothing but \`prefix\``,
    );
    expect(await withKey(`{ env: "${CANARY}" }`)).toBe(`${at}\`env\`: expected the name of an environment variable`);
    for (const path of ["/secret/a", "secret", "secret/../sys/raw", "secret/a?list=true"]) {
      expect(await withKey(`{ vault: { path: "${path}", field: key } }`)).toContain("`vault.path`: expected a path");
    }
    expect(await withKey("{ vault: { path: secret/a } }")).toContain("`vault.field`: expected the name of a field");
    expect(await withKey("{ vault: { path: secret/a, field: a, version: 2 } }")).toContain(
      "nothing but `path` and `field`",
    );
    // A secret where the name of its variable should be.
    expect(await problemsOf("version: 1\napplications: [{ id: web, keys: [{ env: sk_live_canary }] }]\n")).toContain(
      "the environment variable that it names is not set",
    );
    // What comes from Vault must be what the field takes.
    const refusing: SecretReader = {
      resolve: async (all) => all.map(() => ({ ok: true, value: `${CANARY} two words` })),
    };
    const said = await problemsOf(
      "version: 1\napplications: [{ id: web, keys: [{ vault: { path: a/b, field: c } }] }]\n",
      refusing,
    );
    expect(said).toMatch(/applications\[0\]\.keys\[0\]: expected a non-empty key without spaces/);
    expect(said).not.toContain(CANARY);
    const away: SecretReader = { resolve: async (all) => all.map(() => ({ ok: false, message: "Vault is away" })) };
    expect(await problemsOf(EVERYWHERE, away)).toContain(
      "providers[0].keys[0].value: the secret can't be had: Vault is away",
    );
  });

  it("are no references where no secret belongs", async () => {
    expect(await problemsOf("version: 1\nteams: [{ id: { env: KEY } }]\n", vault())).toMatch(
      /teams\[0\]\.id: expected an id/,
    );
  });
});

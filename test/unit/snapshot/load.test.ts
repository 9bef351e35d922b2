import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Snapshot } from "../../../src/contracts/snapshot.ts";
import { sha256Hex } from "../../../src/snapshot/compile/hash.ts";
import { type LoadOptions, loadConfiguration } from "../../../src/snapshot/load.ts";
import { formatProblems } from "../../../src/snapshot/problems/problem.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "tidegate-load-"));
});
afterEach(() => rm(home, { recursive: true }));

function load(options: Partial<LoadOptions> = {}) {
  return loadConfiguration({ configPath: null, home, env: {}, version: 1, ...options });
}

async function snapshotOf(options: Partial<LoadOptions> = {}): Promise<Snapshot> {
  const result = await load(options);
  if (!result.ok) throw new Error(formatProblems(result.problems));
  return result.snapshot;
}

async function problemsOf(options: Partial<LoadOptions>): Promise<string> {
  const result = await load(options);
  return result.ok ? "" : formatProblems(result.problems);
}

describe("without a configuration", () => {
  test("the simulated provider serves an application with a generated key", async () => {
    const result = await load({ version: 3 });
    if (!result.ok || result.quickstart === null) throw new Error("expected a quickstart configuration");
    const { key, keyFile } = result.quickstart;
    expect(key).toMatch(/^tg_[0-9A-Za-z]{40}$/);
    expect(keyFile).toBe(join(home, "quickstart.key"));
    expect(await readFile(keyFile, "utf8")).toBe(`${key}\n`);
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect(result.snapshot.version).toBe(3);
    expect(result.snapshot.providers).toMatchObject([{ id: "simulated", transport: "simulated", models: ["echo"] }]);
    const credential = { kind: "api-key", id: "key-1", digest: sha256Hex(key), expiresAtMs: null, addresses: [] };
    expect(result.snapshot.applications).toEqual([
      {
        id: "quickstart",
        team: "default",
        credentials: [credential],
        subscriptions: [{ service: "ai", state: "approved", expiresAtMs: null, limits: [] }],
        limits: [],
      },
    ]);
    expect(result.snapshot.listeners).toMatchObject([{ host: "0.0.0.0", port: 8080 }]);
    expect(result.warnings).toEqual([]);
  });

  test("the key stays the same on later starts, and is made in a folder that is not there yet", async () => {
    const nested = join(home, "data");
    const first = await load({ home: nested });
    const second = await load({ home: nested });
    expect(first.ok && second.ok && second.quickstart?.key === first.quickstart?.key).toBe(true);
  });

  test("two starts at once get the same key", async () => {
    const results = await Promise.all([load(), load(), load()]);
    const keys = results.map((result) => (result.ok ? result.quickstart?.key : null));
    expect(new Set(keys).size).toBe(1);
  });

  test("a damaged key file is a problem that says what to do, and is not repeated", async () => {
    await writeFile(join(home, "quickstart.key"), "canary secret");
    const problems = await problemsOf({});
    expect(problems).toContain("delete it to get a new one");
    expect(problems).not.toContain("canary");
  });

  test("keys in the environment add their providers", async () => {
    const env = { OPENAI_API_KEY: "sk-1", ANTHROPIC_API_KEY: " sk-2\n", GEMINI_API_KEY: "sk-3", GROQ_API_KEY: "" };
    const { providers } = await snapshotOf({ env });
    expect(providers.map(({ id, api }) => [id, api]).filter(([, api]) => api !== undefined)).toEqual([
      ["openai", "both"],
    ]);
    expect(providers.map(({ id, baseUrl, keys }) => [id, baseUrl, keys[0]?.value])).toEqual([
      ["simulated", "", undefined],
      ["openai", "https://api.openai.com/v1", "sk-1"],
      ["anthropic", "https://api.anthropic.com/v1", "sk-2"],
      ["gemini", "https://generativelanguage.googleapis.com/v1beta", "sk-3"],
    ]);
  });

  test("addresses in the environment override the usual ones; an origin alone gets the usual path", async () => {
    const env = {
      OPENAI_API_KEY: "sk-1",
      OPENAI_BASE_URL: "http://127.0.0.1:1234/openai/v1/",
      ANTHROPIC_API_KEY: "sk-2",
      ANTHROPIC_BASE_URL: "http://127.0.0.1:1235",
      GEMINI_BASE_URL: "http://unused.example.org",
    };
    const { providers } = await snapshotOf({ env });
    expect(providers.filter(({ api }) => api !== undefined)).toEqual([]);
    expect(providers.map(({ id, baseUrl }) => [id, baseUrl])).toEqual([
      ["simulated", ""],
      ["openai", "http://127.0.0.1:1234/openai/v1"],
      ["anthropic", "http://127.0.0.1:1235/v1"],
    ]);
  });

  test("settings in the environment make up addresses; without them a key adds nothing", async () => {
    const env = {
      CLOUDFLARE_API_TOKEN: "of-another-program",
      AWS_BEARER_TOKEN_BEDROCK: "sk-1",
      AWS_REGION: "eu-west-1",
      AZURE_OPENAI_API_KEY: "sk-2",
      AZURE_OPENAI_ENDPOINT: "https://resource-1.openai.azure.com/",
      DATABRICKS_TOKEN: "sk-3",
      DATABRICKS_HOST: "https://dbc-1.cloud.databricks.com/",
      MOONSHOT_API_KEY: "sk-4",
    };
    const { providers } = await snapshotOf({ env });
    expect(providers.map(({ id, baseUrl }) => [id, baseUrl])).toEqual([
      ["simulated", ""],
      ["azure-openai", "https://resource-1.openai.azure.com/openai/v1"],
      ["bedrock", "https://bedrock-runtime.eu-west-1.amazonaws.com"],
      ["databricks", "https://dbc-1.cloud.databricks.com/serving-endpoints"],
      ["moonshot", "https://api.moonshot.ai/v1"],
    ]);
  });

  test("wrong values in the environment name their variable and are not repeated", async () => {
    const env = {
      OPENAI_API_KEY: "canary secret",
      ANTHROPIC_API_KEY: "canary-secret",
      ANTHROPIC_BASE_URL: "https://canary@example.org",
      TIDEGATE_PORT: "80800",
    };
    const problems = await problemsOf({ env });
    expect(problems.split("\n")).toEqual([
      "environment OPENAI_API_KEY: the key must not hold spaces or special characters",
      "environment ANTHROPIC_BASE_URL: expected an http:// or https:// URL without credentials, query and fragment",
      "environment TIDEGATE_PORT: expected a port from 0 to 65535",
    ]);
  });
});

describe("keys of providers", () => {
  test("a service account may be a file, and keys have their terms", async () => {
    const account = {
      client_email: "a@example.org",
      private_key: "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n",
    };
    await writeFile(join(home, "account.json"), `${JSON.stringify(account, null, 2)}\n`);
    const configPath = join(home, "tidegate.yaml");
    await writeFile(
      configPath,
      `version: 1
providers:
  - id: vertex
    kind: vertex-ai
    settings: { project: p1 }
    keys:
      - service_account: { file: account.json }
        priority: 1
        expires_at: 2027-01-31
        limits: [{ requests: 10, window: 1m }, { tokens: 20, window: 1s, algorithm: token-bucket }]
      - { id: plain, value: "\${PLAIN}" }
`,
    );
    const { providers } = await snapshotOf({ configPath, env: { PLAIN: "sk-1" } });
    const common = { per: "organisation", cluster: "per_node" };
    expect(providers[0]?.keys).toEqual([
      {
        id: "key-1",
        value: "",
        weight: 1,
        priority: 1,
        expiresAtMs: Date.UTC(2027, 0, 31),
        limits: [
          { ...common, algorithm: "window", windowMs: 60_000, unit: "requests", amount: 10 },
          { ...common, algorithm: "token-bucket", windowMs: 1000, unit: "tokens", amount: 20 },
        ],
        credential: {
          type: "service-account",
          clientEmail: "a@example.org",
          privateKey: account.private_key,
          privateKeyId: null,
          tokenUrl: "https://oauth2.googleapis.com/token",
          scope: "https://www.googleapis.com/auth/cloud-platform",
        },
      },
      { id: "plain", value: "sk-1", weight: 1 },
    ]);
  });
});

describe("the port", () => {
  test("TIDEGATE_PORT is the default, and a listener in the file wins", async () => {
    const env = { TIDEGATE_PORT: "9999" };
    expect((await snapshotOf({ env })).listeners[0]?.port).toBe(9999);
    const configPath = join(home, "tidegate.yaml");
    await writeFile(configPath, "version: 1\n");
    expect((await snapshotOf({ env, configPath })).listeners[0]?.port).toBe(9999);
    await writeFile(configPath, 'version: 1\nlisteners: [{ address: "127.0.0.1:7000" }]\n');
    expect((await snapshotOf({ env, configPath })).listeners).toMatchObject([{ host: "127.0.0.1", port: 7000 }]);
  });
});

describe("with a file", () => {
  test("no quickstart key is made", async () => {
    const configPath = join(home, "tidegate.yaml");
    await writeFile(configPath, "version: 1\n");
    const result = await load({ configPath });
    expect(result.ok && result.quickstart).toBeNull();
    await expect(stat(join(home, "quickstart.key"))).rejects.toThrow("ENOENT");
  });

  test("a missing file, a folder, and a file that is no text", async () => {
    const missing = join(home, "missing.yaml");
    expect(await problemsOf({ configPath: missing })).toBe(
      `${missing}: can't read the configuration: there is no such file`,
    );
    expect(await problemsOf({ configPath: home })).toContain("it is a directory");
    const binary = join(home, "binary.yaml");
    await writeFile(binary, Buffer.from([0xff, 0xfe, 0x00]));
    expect(await problemsOf({ configPath: binary })).toContain("it is not UTF-8 text");
  });

  test("problems name the file as it was given, with line and column", async () => {
    const configPath = join(home, "tidegate.yaml");
    await writeFile(configPath, "version: 1\nai:\n  access: opne\n");
    const result = await load({ configPath });
    expect(result).toMatchObject({
      ok: false,
      problems: [{ file: configPath, line: 3, column: 11, path: "ai.access" }],
    });
  });
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../helpers/cli.ts";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "tidegate-import-"));
  const file = (name: string, text: string) => writeFileSync(join(directory, name), text);
  file("plain.conf", "server { listen 8080; server_name _; location /a { proxy_pass http://127.0.0.1:9001/a; } }\n");
  file(
    "quiet.yaml",
    "openapi: 3.0.0\ninfo: { title: Quiet, version: '1' }\nservers: [{ url: https://q.example.com }]\npaths: { /q: { get: { responses: { '200': { description: ok } } } } }\n",
  );
  file(
    "secret.yaml",
    "model_list:\n  - model_name: m\n    litellm_params: { model: openai/gpt-4o, api_key: sk-canary }\n",
  );
  file("outside.yaml", "get: { responses: { '200': { description: ok } } }\n");
  mkdirSync(join(directory, "api"));
  symlinkSync("../outside.yaml", join(directory, "api/link.yaml"));
  file(
    "api/linked.yaml",
    "openapi: 3.0.0\ninfo: { title: Linked, version: '1' }\npaths: { /q: { $ref: link.yaml } }\n",
  );
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const tidegate = (...args: string[]) => runCli(args, process.env, directory);

describe("tidegate import", () => {
  it("prints a configuration that `check` accepts, with the notes as comments and on stderr", async () => {
    const { code, stdout, stderr } = await tidegate("import", "nginx", "plain.conf");
    expect(code).toBe(0);
    expect(stdout).toContain("# Imported from plain.conf.");
    expect(stdout).toContain("- path: /a\n        match: prefix");
    expect(stderr).toMatch(/^plain\.conf:1:\d+: location without a final slash: /m);
    writeFileSync(join(directory, "imported.yaml"), stdout);
    expect((await tidegate("check", "imported.yaml")).stdout).toContain("imported.yaml is good");
  });

  it("writes a file, and overwrites none without being told to", async () => {
    const args = ["import", "openapi", "quiet.yaml", "--output", "out.yaml"];
    expect(await tidegate(...args)).toMatchObject({ code: 0, stdout: "", stderr: "wrote out.yaml\n" });
    writeFileSync(join(directory, "out.yaml"), "kept\n");
    const again = await tidegate(...args);
    expect(again.code).toBe(1);
    expect(again.stderr).toBe("can't write out.yaml: it is there already; --force overwrites it\n");
    expect(readFileSync(join(directory, "out.yaml"), "utf8")).toBe("kept\n");
    expect((await tidegate(...args, "--force")).code).toBe(0);
    expect(readFileSync(join(directory, "out.yaml"), "utf8")).toContain("id: quiet");
  });

  it("fails with --strict where there is something to note, and writes nothing", async () => {
    expect((await tidegate("import", "openapi", "quiet.yaml", "--strict")).code).toBe(0);
    const { code, stdout, stderr } = await tidegate("import", "litellm", "secret.yaml", "--strict");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("secret.yaml:3:54: api_key: it is a secret");
    expect(stderr).not.toContain("canary");
  });

  it("prints JSON for programs, errors too", async () => {
    const good = JSON.parse((await tidegate("import", "litellm", "secret.yaml", "--json")).stdout);
    expect(good).toMatchObject({
      ok: true,
      configuration: { version: 1, providers: [{ id: "openai", keys: [{ value: `\${OPENAI_API_KEY}` }] }] },
      notes: [{ kind: "variable", file: "secret.yaml", line: 3 }],
      variables: ["OPENAI_API_KEY"],
      problems: [],
    });
    writeFileSync(join(directory, "bad.conf"), "server {\n");
    const bad = await tidegate("import", "nginx", "bad.conf", "--json");
    expect(bad.code).toBe(78);
    expect(JSON.parse(bad.stdout)).toMatchObject({ ok: false, error: { file: "bad.conf", line: 1, column: 8 } });
  });

  it("takes several files of nginx as one, and several documents as several services", async () => {
    writeFileSync(join(directory, "up.conf"), "upstream shared { server 127.0.0.1:9009; }\n");
    writeFileSync(join(directory, "site.conf"), "server { location / { proxy_pass http://shared; } }\n");
    expect((await tidegate("import", "nginx", "up.conf", "site.conf")).stdout).toContain("url: http://127.0.0.1:9009");
    writeFileSync(
      join(directory, "more.yaml"),
      readFileSync(join(directory, "quiet.yaml"), "utf8").replace("/q", "/r"),
    );
    const { stdout } = await tidegate(
      "import",
      "openapi",
      "quiet.yaml",
      "more.yaml",
      "--team",
      "web",
      "--access",
      "key",
    );
    expect(stdout.match(/id: quiet(-2)?\n {4}kind: rest\n {4}team: web\n {4}access: key/g)).toHaveLength(2);
  });

  it("follows no symbolic link out of a document's folder", async () => {
    const { code, stderr } = await tidegate("import", "openapi", "api/linked.yaml", "--upstream", "http://127.0.0.1:1");
    expect(code).toBe(78);
    expect(stderr).toContain("api/linked.yaml:3:22: $ref: the file link.yaml can't be read");
  });

  it("says when certificates are not where the file says, and still writes the configuration", async () => {
    writeFileSync(
      join(directory, "tls.conf"),
      "server { listen 8443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key; location / { proxy_pass http://127.0.0.1:9001; } }\n",
    );
    const { code, stdout, stderr } = await tidegate("import", "nginx", "tls.conf");
    expect(code).toBe(0);
    expect(stderr).toContain("listeners[0].tls.cert: can't read the file");
    expect(stdout).toContain(`cert: ${directory}/a.pem`);
  });

  it.each([
    [["import", "openapi", "nothing.yaml"], 78, "nothing.yaml:1:1: can't read the file: there is no such file"],
    [["import", "openapi", "quiet.yaml", "--access", "all"], 64, "Allowed choices are open, key, subscription"],
    [["import", "openapi", "quiet.yaml", "--upstream", "10.0.0.1"], 64, "Expected a URL."],
    [["import", "openapi", "quiet.yaml", "more.yaml", "--service-id", "x"], 64, "--service-id names one service"],
    [["import", "apache", "x"], 64, "unknown command 'apache'"],
  ])("%j", async (args, code, message) => {
    const result = await tidegate(...args);
    expect(result.stderr).toContain(message);
    expect(result.code).toBe(code);
  });
});

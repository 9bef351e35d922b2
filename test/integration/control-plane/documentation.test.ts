import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Browser } from "../../helpers/browser.ts";
import { REPOSITORY } from "../../helpers/build.ts";
import { CLIENT_SECRET, startIdentityProvider } from "../../helpers/identity-provider.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const PASSWORD = "correct horse battery";

let tidegate: TidegateProcess;
let upstream: TestUpstream;

beforeAll(async () => {
  upstream = await startUpstream((request, response) => response.end(`invoices of ${request.url}`));
  tidegate = await TidegateProcess.start({ env: { TIDEGATE_ADMIN_PASSWORD: PASSWORD } });
});
afterAll(async () => {
  await tidegate.stop();
  await upstream.close();
});

/** Runs the page's commands against these servers, and stops at the first that fails; resolves to what they print. */
async function runPage(page: string, servers: Record<string, string>): Promise<string> {
  const text = readFileSync(join(REPOSITORY, "src/docs", page), "utf8");
  let script = /```bash\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
  for (const [written, here] of Object.entries(servers)) script = script.replaceAll(written, here);
  const env = { ...process.env, TIDEGATE_ADMIN_PASSWORD: PASSWORD, ACME_CLIENT_SECRET: CLIENT_SECRET };
  const args = ["-euo", "pipefail", "-c", script];
  const { stdout } = await promisify(execFile)("bash", args, { cwd: tidegate.home, env });
  return stdout;
}

it("the page about the admin API leads from nothing to a call", async () => {
  const stdout = await runPage("admin-api.md", {
    "http://127.0.0.1:9080": tidegate.adminUrl,
    "http://127.0.0.1:8080": tidegate.url,
    "http://127.0.0.1:9001": upstream.url,
  });
  expect(stdout).toContain('"state":"approved"');
  expect(stdout).toContain("invoices of /invoices");
  expect(stdout).toContain('"action":"subscription.approve"');
});

it("the page about signing in sets up an identity provider", async () => {
  const callback = `${tidegate.adminUrl}/api/v1/sign-in/acme/callback`;
  const server = await startIdentityProvider({ redirectUris: [callback] });
  const stdout = await runPage("sign-in.md", {
    "http://127.0.0.1:9080": tidegate.adminUrl,
    "https://tidegate.example.org": tidegate.adminUrl,
    "https://login.example.org": server.issuer,
  });
  expect(stdout).toContain('"warnings":[]');
  expect(stdout).toContain('"start_path":"/api/v1/sign-in/acme/start"');
  const [url = ""] = stdout.trimEnd().split("\n").slice(-1);
  // The provider takes it: it shows its page to sign in at.
  const page = await new Browser({}).open(url);
  expect([page.status, new URL(url).searchParams.get("redirect_uri")]).toEqual([200, callback]);
  expect(page.text).toContain('name="login"');
  await server.close();
});

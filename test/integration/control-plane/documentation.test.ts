import { afterAll, beforeAll, expect, it } from "vitest";
import { Browser } from "../../helpers/browser.ts";
import { runFirstBlock } from "../../helpers/documentation.ts";
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

const runPage = (page: string, servers: Record<string, string>) =>
  runFirstBlock(page, servers, {
    cwd: tidegate.home,
    env: { TIDEGATE_ADMIN_PASSWORD: PASSWORD, ACME_CLIENT_SECRET: CLIENT_SECRET },
  });

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

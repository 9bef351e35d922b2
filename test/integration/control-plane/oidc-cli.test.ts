import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EXIT } from "../../../src/bootstrap/exit-codes.ts";
import { Browser } from "../../helpers/browser.ts";
import { CLI, ensureBuilt } from "../../helpers/build.ts";
import { type IdentityProvider, startIdentityProvider } from "../../helpers/identity-provider.ts";
import { makeProvider, signInAs } from "../../helpers/oidc-sign-in.ts";
import { TestPlane } from "../../helpers/test-plane.ts";

let test: TestPlane;
let server: Server;
let url: string;
let provider: IdentityProvider;
let home: string;

beforeAll(async () => {
  await ensureBuilt();
  test = await TestPlane.open("sqlite");
  test.nowMs = Date.now();
  test.owner = await test.client().signIn("owner@example.org", "correct horse battery");
  server = createServer(
    getRequestListener((request, { incoming }) => {
      return test.app.fetch(request, { remoteAddress: incoming.socket.remoteAddress ?? "" });
    }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  provider = await startIdentityProvider({ redirectUris: [`${url}/api/v1/sign-in/acme/callback`] });
  provider.accounts.set("ada", { email: "ada@example.org", email_verified: true, name: "Ada" });
  await makeProvider(test, provider.issuer);
  home = mkdtempSync(join(tmpdir(), "tidegate-oidc-cli-"));
}, 60_000);
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await provider.close();
  await test.close();
  rmSync(home, { recursive: true, force: true });
});

/** At a shell that is no terminal. `shown`: what it says on standard error until now, as soon as it fits the pattern. */
function run(...args: string[]) {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, HOME: home, XDG_CONFIG_HOME: "" } });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const shown = (pattern: RegExp) => {
    return new Promise<string>((resolve, reject) => {
      const look = () => {
        const [, found] = pattern.exec(stderr) ?? [];
        if (found !== undefined) resolve(found);
      };
      child.stderr.on("data", look);
      child.once("close", () => reject(new Error(`it ended: ${stderr}`)));
      look();
    });
  };
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code, stdout, stderr }));
  return { shown, ended };
}

it("signs the command line in with a browser of its machine", async () => {
  const login = run("login", "--url", url, "--provider", "acme");
  const start = await login.shown(/(http:\S+loopback_challenge=[\w-]+)\n/);
  const browser = new Browser({});
  const page = await signInAs(browser, "ada", { start });
  const [, brought = ""] = /href="(http:\/\/127[^"]+)"/.exec(page.text) ?? [];
  // What any page may bring changes nothing.
  const { origin } = new URL(brought);
  expect([(await fetch(`${origin}/favicon.ico`)).status, (await fetch(`${origin}/?code=forged`)).status]).toEqual([
    404, 400,
  ]);
  const arrived = await browser.open(brought, { from: page.url });
  expect([arrived.status, arrived.text]).toEqual([200, "Signed in as ada@example.org. You can close this page.\n"]);
  const { code, stdout } = await login.ended;
  expect([code, stdout]).toEqual([EXIT.ok, expect.stringContaining(`signed in at ${url} as ada@example.org, until `)]);

  const whoami = await run("whoami", "--url", url).ended;
  expect([whoami.code, whoami.stdout]).toEqual([EXIT.ok, expect.stringContaining("ada@example.org")]);
  // The session was for making the token, and has ended.
  const sessions = await test.database.db.selectFrom("sessions").innerJoin("users", "users.id", "sessions.user_id");
  expect(await sessions.select("users.email").where("users.email", "=", "ada@example.org").execute()).toEqual([]);
  const saved = readFileSync(join(home, ".config/tidegate/credentials.json"), "utf8");
  expect(JSON.parse(saved).servers[url]).toMatchObject({
    email: "ada@example.org",
    token: expect.stringMatching(/^tgp_/),
  });
  expect((await run("logout", "--url", url).ended).code).toBe(EXIT.ok);
});

it("says which identity providers there are", async () => {
  const unknown = await run("login", "--url", url, "--provider", "okta").ended;
  expect(unknown).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("known: acme") });
  const both = await run("login", "--url", url, "--provider", "acme", "--email", "ada@example.org").ended;
  expect(both).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("--provider goes without") });
});

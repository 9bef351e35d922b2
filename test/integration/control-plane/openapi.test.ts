import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import SwaggerParser from "@apidevtools/swagger-parser";
import openapiTS, { astToString } from "openapi-typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENDPOINTS } from "../../../src/control-plane/admin-api/endpoints.ts";
import { REPOSITORY } from "../../helpers/build.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";

const PASSWORD = "correct horse battery";
type Document = Parameters<typeof openapiTS>[0] & Awaited<ReturnType<typeof SwaggerParser.validate>>;

/** What somebody writes who has only the document: it has to compile, and to do what it says. */
const CLIENT = `
import createClient from "openapi-fetch";
import type { paths } from "./admin-api.ts";

export async function walk(baseUrl: string, email: string, password: string): Promise<string[]> {
  const anonymous = createClient<paths>({ baseUrl });
  const { response } = await anonymous.POST("/api/v1/session", { body: { email, password } });
  const cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const signedIn = createClient<paths>({ baseUrl, headers: { cookie } });
  const made = await signedIn.POST("/api/v1/me/tokens", { body: { name: "client" } });
  const token: string = made.data?.token ?? "";
  const client = createClient<paths>({ baseUrl, headers: { authorization: \`Bearer \${token}\` } });

  const team = await client.POST("/api/v1/teams", { body: { id: "finance", name: "Finance" } });
  const revision: number = team.data?.revision ?? 0;
  const params = { path: { team: "finance" }, header: { "if-match": \`"\${revision}"\` } };
  const renamed = await client.PATCH("/api/v1/teams/{team}", { params, body: { name: "Money" } });
  const stale = await client.PATCH("/api/v1/teams/{team}", { params, body: { name: "Lost" } });
  const code: string = stale.error?.code ?? "none";
  const list = await client.GET("/api/v1/teams", { params: { query: { limit: 1 } } });
  const cursor: string | null = list.data?.next_cursor ?? null;
  // @ts-expect-error: a team has a name
  await client.POST("/api/v1/teams", { body: { id: "x" } });
  // @ts-expect-error: there is no such place
  await client.GET("/api/v1/tems");
  return [renamed.data?.name ?? "", code, String(cursor), ...(list.data?.items ?? []).map((one) => one.id)];
}
`;

describe("the document of the admin API", () => {
  let tidegate: TidegateProcess;
  let directory: string;
  let document: Document;

  beforeAll(async () => {
    tidegate = await TidegateProcess.start({ env: { TIDEGATE_ADMIN_PASSWORD: PASSWORD } });
    document = (await (await fetch(`${tidegate.adminUrl}/api/openapi.json`)).json()) as Document;
    // Within the repository, so that its packages are found.
    directory = mkdtempSync(join(REPOSITORY, "node_modules", ".tidegate-client-"));
  });
  afterAll(async () => {
    await tidegate.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it("is valid OpenAPI 3.1", async () => {
    expect(document).toMatchObject({ openapi: "3.1.0" });
    await SwaggerParser.validate(structuredClone(document));
  });

  it("has every endpoint, with its errors, and none twice", () => {
    const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) => {
      return Object.entries(methods ?? {}).map(([method, operation]) => ({
        name: `${method} ${path} ${(operation as { operationId: string }).operationId}`,
        responses: Object.keys((operation as { responses: object }).responses),
      }));
    });
    const session = [
      ["post", "signIn"],
      ["get", "getSession"],
      ["delete", "signOut"],
    ].map(([method, id]) => `${method} /api/v1/session ${id}`);
    session.push(
      "get /api/v1/sign-in/providers listSignInProviders",
      "get /api/v1/sign-in/{identity_provider}/start startSignIn",
      "get /api/v1/sign-in/{identity_provider}/callback finishSignIn",
      "post /api/v1/sign-in/{identity_provider}/back-channel-logout backChannelLogout",
      "post /api/v1/sign-in/code redeemSignInCode",
    );
    const endpoints = ENDPOINTS.map(({ spec }) => `${spec.method} /api/v1${spec.path} ${spec.operationId}`);
    expect(operations.map(({ name }) => name).sort()).toEqual([...session, ...endpoints].sort());
    const ids = operations.map(({ name }) => name.split(" ")[2]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, responses } of operations.filter(({ name }) => !session.includes(name))) {
      expect([name, responses]).toEqual([name, expect.arrayContaining(["400", "401", "404", "412", "503"])]);
    }
  });

  it("makes a client that compiles, and works", async () => {
    writeFileSync(join(directory, "admin-api.ts"), astToString(await openapiTS(document)));
    writeFileSync(join(directory, "client.ts"), CLIENT);
    const strict = ["--strict", "--noEmit", "--skipLibCheck", "--allowImportingTsExtensions", "--module", "nodenext"];
    const tsc = join(REPOSITORY, "node_modules/ts7/bin/tsc");
    const target = ["--ignoreConfig", "--target", "es2022", "--lib", "es2022,dom"];
    const args = [tsc, ...strict, ...target, join(directory, "client.ts")];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: directory }).catch((error) => error);
    expect(stdout).toBe("");
    const { walk } = (await import(join(directory, "client.ts"))) as {
      walk(baseUrl: string, email: string, password: string): Promise<string[]>;
    };
    const done = await walk(tidegate.adminUrl, "admin@localhost", PASSWORD);
    expect(done).toEqual(["Money", "precondition_failed", "null", "finance"]);
  });

  it("is shown as a page, which loads its own files and runs nobody else's", async () => {
    const page = await fetch(`${tidegate.adminUrl}/api/docs`);
    const text = await page.text();
    expect([page.status, page.headers.get("content-type")]).toEqual([200, expect.stringContaining("text/html")]);
    const policy = page.headers.get("content-security-policy") ?? "";
    const directives = new Map(policy.split("; ").map((one) => [one.split(" ")[0], one.split(" ").slice(1)]));
    expect(directives.get("default-src")).toEqual(["'self'"]);
    expect(directives.get("frame-ancestors")).toEqual(["'none'"]);
    expect(directives.has("script-src")).toBe(false);
    expect(text).not.toMatch(/<script(?![^>]* src=)/);
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file);
    expect(files).toHaveLength(3);
    for (const file of files) {
      expect(file).toMatch(/^\/api\/docs\//);
      const answer = await fetch(tidegate.adminUrl + file);
      expect([file, answer.status, (await answer.text()).length > 50]).toEqual([file, 200, true]);
    }
    expect(await (await fetch(`${tidegate.adminUrl}/api/docs/start.js`)).text()).toContain("/api/openapi.json");
  });
});

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { z } from "zod";
import { EXIT } from "../../../src/bootstrap/exit-codes.ts";
import type { AdminError } from "../../../src/cli/admin/admin-error.ts";
import * as answers from "../../../src/cli/admin/answers.ts";
import { AdminClient, step } from "../../../src/cli/admin/client.ts";
import { createdCredential } from "../../../src/control-plane/admin-api/credential-schemas.ts";
import * as schemas from "../../../src/control-plane/admin-api/schemas.ts";

let server: Server | null = null;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  server = null;
});

interface Canned {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

async function clientOf(answer: (path: string) => Canned): Promise<{ client: AdminClient; asked: string[] }> {
  const asked: string[] = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers["if-match"] ?? ""}`.trim());
    const { status, body, headers } = answer(request.url ?? "");
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { client: new AdminClient({ url: `http://127.0.0.1:${port}`, token: "tgp_canary" }), asked };
}

const PROBLEM = { "content-type": "application/problem+json" };

function problem(status: number, code: string, detail: string, errors: object[] = []): Canned {
  return { status, body: JSON.stringify({ status, code, detail, errors }), headers: PROBLEM };
}

async function failureOf(answer: Canned): Promise<AdminError> {
  const { client } = await clientOf(() => answer);
  return client.get("/services/billing", answers.service).then(
    () => Promise.reject(new Error("it did not fail")),
    (error: AdminError) => error,
  );
}

describe("the admin client", () => {
  it.each([
    [problem(401, "unauthenticated", "sign in"), EXIT.noPermission, /revoked or has expired: tidegate login/],
    [problem(401, "invalid_login", "e-mail address or password is wrong"), EXIT.noPermission, /password is wrong$/],
    [problem(404, "not_found", "there is nothing here"), EXIT.refused, /^\/services\/billing: there is nothing here$/],
    [problem(409, "in_use", "2 applications may still call"), EXIT.conflict, /2 applications may still call/],
    [problem(412, "precondition_failed", "changed"), EXIT.conflict, /somebody else changed it meanwhile: run the/],
    [problem(422, "not_publishable", "not yet"), EXIT.refused, /^not yet$/],
    [problem(503, "unavailable", "the database can't be reached"), EXIT.unreachable, /database can't be reached/],
    [problem(503, "read_only", "everything is in the file"), EXIT.refused, /everything is in the file/],
    [{ status: 404, body: "<html>" }, EXIT.unreachable, /does not answer like Tidegate's admin API \(status 404\)/],
    [{ status: 200, body: "<html>" }, EXIT.unreachable, /does not answer like Tidegate's admin API \(no JSON\)/],
    [{ status: 200, body: "{}" }, EXIT.unreachable, /does not answer like Tidegate's admin API \(id: /],
  ])("tells %j apart", async (answer, exitCode, message) => {
    const error = await failureOf(answer);
    expect(error.exitCode).toBe(exitCode);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("tgp_canary");
  });

  it("names the fields at fault in its one line, and those once that the server has named", async () => {
    const errors = [
      { path: "draft.routes[0].path", message: "expected a path" },
      { path: "name", message: "too\nlong" },
    ];
    const error = await failureOf(problem(400, "invalid_request", "draft.routes[0].path: expected a path", errors));
    expect(error.message).toBe("draft.routes[0].path: expected a path (name: too?long)");
  });

  it("says when to try again", async () => {
    const answer = problem(429, "too_many_attempts", "too many attempts");
    const error = await failureOf({ ...answer, headers: { ...PROBLEM, "retry-after": "7" } });
    expect(error.message).toBe("too many attempts; try again in 7 s");
  });

  it("says that nothing listens there, and how to choose the server", async () => {
    const { client } = await clientOf(() => ({ status: 200, body: "" }));
    server?.close();
    server?.closeAllConnections();
    await expect(client.get("/session", answers.session)).rejects.toMatchObject({
      exitCode: EXIT.unreachable,
      message: expect.stringMatching(/can't reach http:\/\/127\.0\.0\.1:\d+: connection refused; .*TIDEGATE_ADMIN_URL/),
    });
  });

  it("reads all pages, up to a limit", async () => {
    const teams = ["a", "b", "c"].map((id) => ({ id, name: id, description: "", revision: 1 }));
    const { client, asked } = await clientOf((path) => {
      const at = Number(new URL(path, "http://x").searchParams.get("cursor") ?? 0);
      const body = { items: teams.slice(at, at + 1), next_cursor: at < 2 ? String(at + 1) : null };
      return { status: 200, body: JSON.stringify(body) };
    });
    expect((await client.list("/teams", answers.team)).map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect((await client.list("/teams", answers.team, {}, 2)).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(asked).toHaveLength(5);
    expect(asked.at(-1)).toBe("GET /api/v1/teams?limit=1&cursor=1");
  });

  it("sends what it thinks the thing is", async () => {
    const { client, asked } = await clientOf(() => ({ status: 204, body: "" }));
    await client.tell("DELETE", "/services/billing", { revision: 7 });
    expect(asked).toEqual(['DELETE /api/v1/services/billing "7"']);
  });

  it("reads what the server's own schemas say, and keeps what it does not know", () => {
    const team = { id: "a", name: "A", description: "", policies: {}, created_at: "2026-01-01T00:00:00Z", revision: 1 };
    expect(answers.team.parse(team)).toEqual(team);
    for (const [server, ours] of [
      pair(schemas.user, answers.user),
      pair(schemas.team, answers.team),
      pair(schemas.member, answers.member),
      pair(schemas.role, answers.role),
      pair(schemas.createdToken, answers.createdToken),
      pair(schemas.serviceWithDraft, answers.serviceWithDraft),
      pair(schemas.releaseWithConfiguration, answers.releaseWithConfiguration),
      pair(schemas.caller, answers.caller),
      pair(schemas.application, answers.application),
      pair(createdCredential, answers.createdCredential),
      pair(schemas.subscription, answers.subscription),
      pair(schemas.auditEntry, answers.auditEntry),
    ]) {
      expect(server).toEqual(expect.arrayContaining(ours));
    }
  });
});

/** The fields of both. Compiles only while what the server answers is what the commands read. */
function pair<Server extends z.ZodObject, Ours extends z.ZodObject>(
  server: Server,
  ours: z.output<Server> extends z.input<Ours> ? Ours : never,
): [string[], string[]] {
  return [Object.keys(server.shape), Object.keys(ours.shape)];
}

it.each(["", ".", ".."])("Fixed: took %j for an id, which made another path of it", (id) => {
  expect(() => step(id)).toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
  expect(step("a/../b@c")).toBe("a%2F..%2Fb%40c");
});

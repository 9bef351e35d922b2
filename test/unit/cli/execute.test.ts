import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/bootstrap/exit-codes.ts";
import { AdminClient } from "../../../src/cli/admin/client.ts";
import { execute } from "../../../src/cli/apply/execute.ts";
import { failureText } from "../../../src/cli/apply/print-plan.ts";
import type { Step } from "../../../src/cli/apply/steps.ts";
import { newService, subscriptionOf } from "./server-model.ts";

let server: Server | null = null;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** A server with one service at a revision, which counts up as the real one does. */
async function serverAt(
  start: number,
  review: object | null = null,
): Promise<{ client: AdminClient; asked: string[] }> {
  const asked: string[] = [];
  let revision = start;
  server = createServer((request, response) => {
    const expected = request.headers["if-match"];
    asked.push(`${request.method} ${request.url?.slice("/api/v1".length)} ${expected ?? "-"}`);
    request.resume();
    if (expected !== undefined && expected !== `"${revision}"`) {
      response.writeHead(412, { "content-type": "application/problem+json" });
      response.end(JSON.stringify({ status: 412, code: "precondition_failed", detail: "changed", errors: [] }));
      return;
    }
    revision++;
    const isSubscription = request.url?.endsWith("/subscriptions");
    const service = { ...newService("billing", "finance"), revision, review };
    response.end(JSON.stringify(isSubscription ? subscriptionOf("web", "shop", "billing", "pending") : service));
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { client: new AdminClient({ url: `http://127.0.0.1:${port}`, token: null }), asked };
}

const subject = { kind: "service", id: "billing", team: "finance" } as const;
const update: Step = {
  subject,
  action: { type: "update-service", id: "billing", fields: { description: "new" }, revision: 5 },
  differences: [],
};
const publish: Step = {
  subject,
  action: { type: "publish-service", id: "billing", note: "", revision: 5 },
  differences: [],
};
const request: Step = {
  subject: { kind: "subscription", id: "web → billing", team: "shop" },
  action: { type: "request-subscription", application: "web", service: "billing", terms: {} },
  differences: [],
};

describe("carrying out a plan", () => {
  it("expects of each thing what it was, or what the step before has made of it", async () => {
    const { client, asked } = await serverAt(5);
    const outcome = await execute(client, [update, publish, request]);
    expect(outcome).toMatchObject({
      failure: null,
      notDone: [],
      notes: [expect.stringContaining("waits for approval")],
    });
    expect(asked).toEqual([
      'PATCH /services/billing "5"',
      'POST /services/billing/publish "6"',
      "POST /subscriptions -",
    ]);
  });

  it("stops at what somebody else has changed meanwhile, and says what was done", async () => {
    const { client, asked } = await serverAt(5);
    const outcome = await execute(client, [request, update, publish]);
    expect(asked).toHaveLength(2);
    // The first request has counted the revision up, as somebody else would.
    expect(outcome.failure?.error.exitCode).toBe(EXIT.conflict);
    const places = new Map([["service billing", { file: "f.yaml", line: 3, column: 9 }]]);
    expect(failureText(outcome, places)).toBe(
      [
        "f.yaml:3:9 change service billing: changed; somebody else changed it meanwhile: run the command again",
        "done:",
        "  request subscription web → billing",
        "not done:",
        "  change service billing",
        "  publish service billing",
        "",
      ].join("\n"),
    );
  });

  it("does not subscribe to what waits for a second person", async () => {
    const { client, asked } = await serverAt(5, { requested_by: "me", note: "" });
    const outcome = await execute(client, [publish, request]);
    expect(asked).toEqual(['POST /services/billing/publish "5"']);
    expect(outcome.failure).toBeNull();
    expect(outcome.notes).toEqual([
      "service billing: its publication waits for somebody else who may publish it",
      "subscription web → billing: it is requested once the service is published",
    ]);
  });
});

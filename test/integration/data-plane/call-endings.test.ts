import { describe, expect, it } from "vitest";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { ask, errorsOf, failWith, isWhole, SAID, useModelRoute } from "../../helpers/model-route.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const route = useModelRoute();
const { startRoute } = route;

describe("the total timeout", () => {
  const timeouts = "{ total: 400ms }";

  it("ends a call that is not answered", async () => {
    const at = await startRoute({ targets: ["openai", "gemini"], timeouts, retries: "{ attempts: 5 }" });
    route.providers.openai.behave({ kind: "stall" });
    const { status, text, record } = await ask(at);
    expect(status).toBe(504);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "upstream_total_timeout" } });
    expect(record).toMatchObject({ errorCode: "upstream_total_timeout", attempts: 1, outcome: "error" });
    await waitFor(() => route.providers.openai.last.aborted, "the end of the connection to the provider");
  });

  it("ends a stream that goes on and on with an error", async () => {
    const at = await startRoute({ targets: ["gemini"], timeouts });
    route.providers.gemini.pace(60);
    const { text, record } = await ask(at, { stream: true, said: "word ".repeat(100) });
    expect(isWhole(text, "openai")).toBe(false);
    expect(errorsOf(text, "openai")).toHaveLength(1);
    expect(record).toMatchObject({ errorCode: "upstream_total_timeout", outcome: "upstream_cut" });
    await waitFor(() => route.providers.gemini.last.aborted, "the end of the connection to the provider");
  });

  it("leaves no room for another wait", async () => {
    const at = await startRoute({ targets: ["openai"], timeouts, retries: "{ attempts: 5 }" });
    route.providers.openai.always(failWith(429, "busy", { "retry-after": "1" }));
    const { status, record } = await ask(at);
    expect(status).toBe(429);
    expect(record.attempts).toBe(1);
  });
});

describe("a caller that leaves", () => {
  it.each([false, true])("ends the call at the provider (streamed: %s)", async (stream) => {
    const at = await startRoute({ targets: ["openai", "gemini"], retries: "{ attempts: 3 }" });
    route.providers.openai.behave(stream ? { kind: "stall-stream", afterEvents: 3 } : { kind: "stall" });
    const controller = new AbortController();
    const left = fetch(`${at.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
      body: JSON.stringify({ model: "route", stream, messages: [{ role: "user", content: SAID }] }),
      signal: controller.signal,
    }).then((response) => response.text());
    left.catch(() => {});
    await route.providers.openai.arrived(1);
    if (stream) await waitFor(() => at.gateway.openExchanges === 1, "the stream");
    controller.abort();
    await waitFor(() => route.providers.openai.last.aborted, "the end of the connection to the provider", 1000);
    const record = await waitFor(() => at.records[0], "the record");
    expect(record).toMatchObject({ outcome: "client_aborted", errorCode: "client_closed_request", provider: "openai" });
    expect(route.providers.gemini.requests).toHaveLength(0);
    expect(at.gateway.openExchanges).toBe(0);
  });
});

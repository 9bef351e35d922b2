import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { CallRecord } from "../../src/contracts/call-record.ts";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "./gateway.ts";
import type { Behaviour } from "./providers/behaviour.ts";
import type { SimulatedProvider } from "./providers/http-provider.ts";
import { type ProviderName, providersYaml, startProviders } from "./unified-api.ts";

/** Simulated providers of a test file, and gateways with a model route over them. */
export interface RouteFixture {
  readonly providers: Record<ProviderName, SimulatedProvider>;
  /** A gateway of its own, since circuits and averages outlive a configuration, with the model route `route`. */
  startRoute(options: RouteOptions): Promise<TestGateway>;
  /** The same from other lines of a configuration. */
  startWith(yaml: string): Promise<TestGateway>;
}

export interface RouteOptions {
  targets: readonly (ProviderName | [ProviderName, weight: number])[];
  strategy?: string;
  stickTo?: string;
  timeouts?: string;
  retries?: string;
  breaker?: string;
}

const MODELS: Record<ProviderName, string> = {
  openai: "gpt-4o-mini",
  anthropic: "claude-haiku-4-5",
  gemini: "gemini-2.5-flash",
  cohere: "command-a-03-2025",
  bedrock: "anthropic.claude-haiku-4-5-20251001-v1:0",
};

/** Registers the hooks that start providers before the tests of a file, and end gateways after each. */
export function useModelRoute(): RouteFixture {
  let providers: Record<ProviderName, SimulatedProvider> | null = null;
  let gateway: TestGateway | null = null;
  beforeAll(async () => {
    providers = await startProviders();
  });
  afterEach(async () => {
    await gateway?.close();
    gateway = null;
    for (const provider of Object.values(providers ?? {})) provider.reset();
  });
  afterAll(() => Promise.all(Object.values(providers ?? {}).map((provider) => provider.close())));

  const fixture: RouteFixture = {
    get providers() {
      if (providers === null) throw new Error("the providers are started before the first test, not before that");
      return providers;
    },
    async startWith(yaml) {
      gateway = await startGateway(baseYaml(providersYaml(fixture.providers) + yaml));
      return gateway;
    },
    startRoute(options) {
      const targets = options.targets.map((target) => {
        const [name, weight] = typeof target === "string" ? [target, 1] : target;
        return `{ provider: ${name}, model: ${MODELS[name]}, weight: ${weight} }`;
      });
      return fixture.startWith(`
models:
  - name: route
    strategy: ${options.strategy ?? "failover"}
${options.stickTo === undefined ? "" : `    stick_to: ${options.stickTo}`}
    targets: [${targets.join(", ")}]
    timeouts: ${options.timeouts ?? "{}"}
    retries: ${options.retries ?? "{ attempts: 0 }"}
    circuit_breaker: ${options.breaker ?? "{ failures: 0 }"}
`);
    },
  };
  return fixture;
}

export type Inbound = "openai" | "anthropic";

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  record: CallRecord;
}

export const SAID = "one two three four five six";

/** Calls the route. */
export async function ask(
  at: TestGateway,
  options: { inbound?: Inbound; stream?: boolean; said?: string; fields?: object; signal?: AbortSignal } = {},
): Promise<Reply> {
  const { inbound = "openai", stream = false, said = SAID, fields = {} } = options;
  const response = await fetch(`${at.url}${inbound === "openai" ? "/v1/chat/completions" : "/v1/messages"}`, {
    method: "POST",
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
    body: JSON.stringify({
      model: "route",
      max_tokens: 100,
      stream,
      messages: [{ role: "user", content: said }],
      ...fields,
    }),
  });
  const text = await response.text();
  const record = await at.record(response.headers.get("x-request-id"));
  return { status: response.status, headers: response.headers, text, record };
}

/** An error answer that every dialect can read something of. */
export function failWith(
  status: number,
  message = `failed with ${status}`,
  headers: Record<string, string> = {},
): Behaviour {
  return {
    kind: "status",
    status,
    headers,
    body: { error: { message, type: "server_error", param: null, code: null } },
  };
}

interface SseEvent {
  event: string;
  data: string;
}

function eventsOf(text: string): SseEvent[] {
  return text
    .split("\n\n")
    .filter((block) => block.trim() !== "")
    .map((block) => ({
      event: /^event: (.*)$/m.exec(block)?.[1] ?? "",
      data: /^data: (.*)$/m.exec(block)?.[1] ?? "",
    }));
}

/** The stream ended as its dialect demands. */
export function isWhole(text: string, inbound: Inbound): boolean {
  return inbound === "openai" ? text.endsWith("data: [DONE]\n\n") : text.includes("event: message_stop");
}

/** The text that the stream holds. */
export function textOf(text: string, inbound: Inbound): string {
  return eventsOf(text)
    .filter(({ data }) => data.startsWith("{"))
    .map(({ data }) => JSON.parse(data))
    .map((data) => (inbound === "openai" ? data.choices?.[0]?.delta.content : data.delta?.text) ?? "")
    .join("");
}

/** Error events, all of them after everything else. */
export function errorsOf(text: string, inbound: Inbound): SseEvent[] {
  const events = eventsOf(text);
  const errors = events.filter(({ event, data }) =>
    inbound === "openai" ? data.startsWith('{"error":') : event === "error",
  );
  expect(errors).toEqual(events.slice(events.length - errors.length));
  return errors;
}

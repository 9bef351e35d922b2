import { KEY } from "../calls.ts";
import type { Configuration } from "./tidegate.ts";

/** Never reached: they are there to be counted. */
const REQUEST_LIMIT = { requests: 1_000_000_000, window: "1m" };
const AI_LIMITS = [
  REQUEST_LIMIT,
  { tokens: 1_000_000_000_000, window: "1d" },
  { cost_usd: 1_000_000_000, window: "30d" },
];

/** The unified API with one provider `bench`: key, subscription, request, token and cost limits, call log. */
export function chatConfiguration(kind: "openai-compatible" | "anthropic", upstreamPort: number): Configuration {
  const keys = [{ id: "main", value: "sk-bench" }];
  return {
    providers: [{ id: "bench", kind, base_url: `http://127.0.0.1:${upstreamPort}/v1`, keys }],
    applications: [{ id: "web", team: "default", keys: [KEY], subscriptions: ["ai"], limits: AI_LIMITS }],
  };
}

/** One service for all paths: key, subscription, request limit, call log. */
export function restConfiguration(upstreamPort: number): Configuration {
  return {
    services: [service("everything", ["/"], upstreamPort)],
    applications: [application("web", KEY, ["everything"])],
  };
}

export function service(id: string, paths: readonly string[], upstreamPort: number): object {
  const upstream = { targets: [{ url: `http://127.0.0.1:${upstreamPort}` }] };
  return { id, routes: paths.map((path) => ({ path })), upstream };
}

export function application(id: string, key: string, subscriptions: readonly string[]): object {
  return { id, team: "default", keys: [key], subscriptions, limits: [REQUEST_LIMIT] };
}

import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { AI_SERVICE } from "./identifiers.ts";
import { serviceOf } from "./subscriptions.ts";

/** What a route of an MCP service can't say: it is one path, and that is the address of a server's endpoint. */
const ROUTE_FAULTS: readonly [key: string, isFault: (value: unknown) => boolean, message: string][] = [
  ["match", (value) => value !== "exact", "an MCP endpoint is one path: leave `match` out"],
  ["methods", (value) => value !== null, "an MCP endpoint takes POST, GET and DELETE: leave `methods` out"],
  [
    "strip_prefix",
    (value) => value === true,
    "calls go to the `url` of a target as it is, whatever the path: leave this out",
  ],
  [
    "rewrite",
    (value) => value !== null,
    "calls go to the `url` of a target as it is, whatever the path: leave this out",
  ],
];

/** Kinds of policy that speak of an HTTP resource where there is none. */
const POLICY_FAULTS: Readonly<Record<string, string>> = {
  request_schema: "messages to an MCP server are JSON-RPC, and its tools have schemas of their own: leave this out",
  cache: "answers of an MCP server are not stored: leave this out",
  mirror: "a call to a tool would be made twice: an MCP service takes no mirror",
  mock: "an answer has to carry the id of its request: an MCP service takes no mock answers",
};

/** What makes no sense for an MCP service, and `tools` where there are none. */
export const checkMcpServices: Check = (context) => {
  const { root, report } = context;
  const kinds = new Map<string, unknown>();
  for (const service of root.at("services").items()) {
    const kind = service.at("kind").exists ? service.at("kind").value : "rest";
    const id = service.at("id").text();
    if (id !== undefined) kinds.set(id, kind);
    if (kind === "mcp") checkService(context, service);
    else if (kind !== "ai" && service.at("policies", "tools").exists) {
      report(service.at("policies", "tools").path, "tools are those of MCP services: this is for `kind: mcp`");
    }
  }
  for (const application of root.at("applications").items()) {
    for (const subscription of application.at("subscriptions").items()) {
      const tools = subscription.at("policies", "tools");
      const service = serviceOf(subscription).text() ?? "";
      // Of models, which take none either, something else says so.
      const isOther = service === AI_SERVICE || ["ai", "mcp"].includes(String(kinds.get(service)));
      if (!tools.exists || isOther || !kinds.has(service)) continue;
      report(tools.path, "tools are those of MCP services: this is for a subscription to one");
    }
  }
};

function checkService({ report }: CheckContext, service: Cursor): void {
  const routes = service.at("routes").items();
  for (const route of routes) {
    for (const [key, isFault, message] of ROUTE_FAULTS) {
      const field = route.at(key);
      if (field.exists && isFault(field.value)) report(field.path, message);
    }
  }
  for (const owner of [service, ...routes]) {
    for (const [kind, message] of Object.entries(POLICY_FAULTS)) {
      const policy = owner.at("policies", kind);
      if (policy.exists && policy.value !== null) report(policy.path, message);
    }
  }
}

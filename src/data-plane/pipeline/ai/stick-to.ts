import type { StickToSnapshot } from "../../../contracts/model-routing.ts";
import type { Context } from "../context.ts";
import { parsed } from "./passthrough-request.ts";
import { scanTopLevel } from "./top-level-fields.ts";

/** Labels of the callers' APIs: OpenAI's and Anthropic's, Gemini's, Bedrock's. Cohere's has none. */
const LABELS = ["metadata", "labels", "requestMetadata"] as const;
/** Where callers name their end users, besides `user_id` and `user` among labels: OpenAI's fields. */
const USER_FIELDS = ["user", "safety_identifier", ...LABELS, "prompt_cache_key"] as const;
/** Where callers name what a call is a part of, besides `session_id` among labels. */
const SESSION_FIELDS = ["conversation", ...LABELS, "prompt_cache_key"] as const;

export const SESSION_HEADER = "x-tidegate-session";

/** By what a call with strategy `sticky` finds its target: the same text, the same target. */
export type StickTo = (context: Context) => string;

export function compileStickTo(stickTo: StickToSnapshot = { type: "application" }): StickTo {
  switch (stickTo.type) {
    case "application":
      return ofApplication;
    case "address":
      return ({ exchange }) => `address ${exchange.clientAddress}`;
    case "header":
      return (context) => ofHeader(context, stickTo.name) ?? ofApplication(context);
    case "user":
      return (context) => {
        const user = named(context.body, USER_FIELDS, ["user_id", "user"]);
        return user === null ? ofApplication(context) : `user ${user}`;
      };
    case "session":
      return (context) => {
        const session = context.exchange.header(SESSION_HEADER) || named(context.body, SESSION_FIELDS, ["session_id"]);
        // Two applications may number their sessions alike.
        return session === null ? ofApplication(context) : `session ${ofApplication(context)} ${session}`;
      };
  }
}

/** Whoever calls without one is told by the address. */
function ofApplication({ application, exchange }: Context): string {
  return application === null ? `address ${exchange.clientAddress}` : `application ${application.id}`;
}

function ofHeader({ exchange }: Context, name: string): string | null {
  const value = exchange.header(name);
  return value === undefined || value === "" ? null : `header ${value}`;
}

/** The first of these fields that is a text, or an object with one of these members that is one. */
function named(body: Buffer | null, fields: readonly string[], members: readonly string[]): string | null {
  const spans = body === null ? null : scanTopLevel(body.toString("latin1"), fields);
  for (const [index, span] of (spans ?? []).entries()) {
    if (span === null) continue;
    const value = parsed((body as Buffer).toString("utf8", span.start, span.end));
    if (typeof value === "string" && value !== "") return value;
    if (typeof value !== "object" || value === null) continue;
    // `conversation` of Responses is an id, or an object with one.
    for (const member of fields[index] === "conversation" ? ["id"] : members) {
      const found: unknown = Object.hasOwn(value, member) ? (value as Record<string, unknown>)[member] : undefined;
      if (typeof found === "string" && found !== "") return found;
    }
  }
  return null;
}

import type { ModelRouteSnapshot } from "../../../contracts/snapshot.ts";
import type { Context } from "../context.ts";
import { parsed } from "./passthrough-request.ts";
import { scanTopLevel } from "./top-level-fields.ts";

/** Where callers name their end users: OpenAI's two fields, and Anthropic's `metadata.user_id`. */
const USER_FIELDS = ["user", "safety_identifier", "metadata"];

/** By what a call with strategy `sticky` finds its target: the same text, the same target. */
export type StickTo = (context: Context) => string;

export function compileStickTo(stickTo: NonNullable<ModelRouteSnapshot["stickTo"]> = { type: "application" }): StickTo {
  switch (stickTo.type) {
    case "application":
      return ofApplication;
    case "address":
      return ({ exchange }) => `address ${exchange.clientAddress}`;
    case "header":
      return (context) => {
        const value = context.exchange.header(stickTo.name);
        return value === undefined || value === "" ? ofApplication(context) : `header ${value}`;
      };
    case "user":
      return (context) => {
        const user = context.body === null ? null : endUserOf(context.body);
        return user === null ? ofApplication(context) : `user ${user}`;
      };
  }
}

/** Whoever calls without one is told by the address. */
function ofApplication({ application, exchange }: Context): string {
  return application === null ? `address ${exchange.clientAddress}` : `application ${application.id}`;
}

function endUserOf(body: Buffer): string | null {
  const spans = scanTopLevel(body.toString("latin1"), USER_FIELDS);
  const [user, safetyIdentifier, metadata] = (spans ?? []).map((span) =>
    span === null ? undefined : parsed(body.toString("utf8", span.start, span.end)),
  );
  const ofMetadata =
    typeof metadata === "object" && metadata !== null && "user_id" in metadata ? metadata.user_id : null;
  for (const one of [user, safetyIdentifier, ofMetadata]) if (typeof one === "string" && one !== "") return one;
  return null;
}

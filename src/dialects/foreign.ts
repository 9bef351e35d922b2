import { GatewayError } from "../contracts/errors.ts";
import type { ChatRequest, DialectName, Extra, Untranslatable } from "../contracts/ir.ts";

/**
 * Objects the IR has no word for (a provider's own tools and the blocks they leave behind) are kept whole in
 * `extra.fields`, their `type` included. This gives them back to the dialect they came in, or undefined for an ordinary
 * object: its unknown fields hold no `type`.
 */
export function opaqueFields(extra: Extra | undefined, dialect: DialectName): Record<string, unknown> | undefined {
  if (extra === undefined || extra.dialect !== dialect || typeof extra.fields.type !== "string") return undefined;
  return extra.fields;
}

/** Throws `unsupported_field` for what only the caller's own dialect can say. `able`: fields that this one has a word for, too. */
export function refuseUntranslatable(
  list: readonly Untranslatable[] | undefined,
  dialect: DialectName,
  able: readonly string[] = [],
): void {
  const foreign = list?.find((entry) => entry.dialect !== dialect && !able.includes(entry.param));
  if (foreign !== undefined) {
    throw unsupportedField(foreign.param, `can only be said in the ${foreign.dialect} API`);
  }
}

/** An error to throw: "`<param>` <problem>", with what the caller can do. */
export function unsupportedField(param: string, problem: string): GatewayError {
  return new GatewayError(
    "unsupported_field",
    `\`${param}\` ${problem}. Leave it out, or send the request to a model of a provider that has it.`,
    { param },
  );
}

/** For providers that can't be told how long an answer is wanted; "medium" asks for nothing. */
export function refuseVerbosity({ verbosity }: ChatRequest, provider: string): void {
  if (verbosity !== undefined && verbosity !== "medium") {
    throw unsupportedField("verbosity", `is "${verbosity}", but ${provider} can't be told how long to answer`);
  }
}

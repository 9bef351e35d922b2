import type { HeaderLookup } from "../../../contracts/dialect.ts";
import type { GatewayError } from "../../../contracts/errors.ts";
import type { DialectName } from "../../../contracts/ir.ts";
import { outboundDialects } from "../../../dialects/index.ts";
import { tryParseJson } from "../../../dialects/json.ts";
import { providerFailed } from "./provider-failed.ts";

/** What a body says that failed, whose status is a good one; null: nothing. */
export function failureOfBody(dialect: DialectName, body: Buffer): GatewayError | null {
  const failure = outboundDialects[dialect].failureIn?.(tryParseJson(body.toString())) ?? null;
  return failure === null ? null : providerFailed(failure);
}

/** What a provider's error answer says. One that is no JSON is a text, of which the dialect makes what it can. */
export function providerRefusal(
  dialect: DialectName,
  status: number,
  header: HeaderLookup,
  body: Buffer,
): GatewayError {
  const text = body.toString();
  return providerFailed(outboundDialects[dialect].parseError(status, header, tryParseJson(text) ?? text));
}

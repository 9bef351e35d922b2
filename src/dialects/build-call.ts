import type { InboundDialect, OutboundDialect, ProviderCall, TargetModel } from "../contracts/dialect.ts";
import { GatewayError } from "../contracts/errors.ts";
import type { ChatRequest } from "../contracts/ir.ts";
import { dropField, droppedHints } from "./dropped-fields.ts";

/** The call that a caller's request becomes at a provider; what is refused is named in the caller's words. */
export function buildChatCall(
  inbound: InboundDialect,
  outbound: OutboundDialect,
  request: ChatRequest,
  target: TargetModel,
): ProviderCall {
  try {
    return outbound.buildChatCall(request, target);
  } catch (error) {
    const param = error instanceof GatewayError ? error.param : null;
    if (inbound.spell === undefined || !(error instanceof GatewayError) || param === null) throw error;
    const spelled = inbound.spell(param, request);
    const message = error.message.replaceAll(`\`${param}\``, `\`${spelled}\``);
    throw new GatewayError(error.code, message, { param: spelled, cause: error });
  }
}

export interface LossyCall {
  call: ProviderCall;
  /** Fields that the provider is not told, in the caller's words; undefined: none. */
  dropped: string[] | undefined;
}

/**
 * As `buildChatCall`, with what the request loses. `mayDrop`: what the target can't do is left out where that leaves the
 * question the same (see dropped-fields.ts). The request is the caller's own: it is changed.
 */
export function buildLossyCall(
  inbound: InboundDialect,
  outbound: OutboundDialect,
  request: ChatRequest,
  target: TargetModel,
  mayDrop: boolean,
): LossyCall {
  const refused: string[] = [];
  for (;;) {
    try {
      const call = buildChatCall(inbound, outbound, request, target);
      const hints = droppedHints(inbound, outbound, request, target);
      if (refused.length === 0) return { call, dropped: hints };
      return { call, dropped: [...new Set([...refused, ...(hints ?? [])])] };
    } catch (error) {
      if (!mayDrop || !(error instanceof GatewayError) || error.code !== "unsupported_field") throw error;
      // As the target calls it: `buildChatCall` has translated the name for the caller.
      const cause = error.cause instanceof GatewayError ? error.cause : error;
      const spelled = error.param;
      if (cause.param === null || spelled === null || !dropField(request, cause.param)) throw error;
      refused.push(spelled);
    }
  }
}

import type { InboundDialect, OutboundDialect, ProviderCall, TargetModel } from "../contracts/dialect.ts";
import { GatewayError } from "../contracts/errors.ts";
import type { ChatRequest } from "../contracts/ir.ts";

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

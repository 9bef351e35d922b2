import type { InboundDialect, OutboundDialect, ProviderCall, TargetModel } from "../contracts/dialect.ts";
import { GatewayError } from "../contracts/errors.ts";
import type { ChatRequest } from "../contracts/ir.ts";

/**
 * A caller's request as the call of a provider of another dialect. What can't be done is refused under the name that the
 * caller knows: outbound halves speak of the IR's places, and of fields as OpenAI calls them.
 */
export function buildTranslatedCall(
  inbound: InboundDialect,
  request: ChatRequest,
  outbound: OutboundDialect,
  target: TargetModel,
): ProviderCall {
  try {
    return outbound.buildChatCall(request, target);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.param === null) throw error;
    const param = spelled(error.param, request, inbound);
    if (param === error.param) throw error;
    throw new GatewayError(error.code, error.message.replace(`\`${error.param}\``, `\`${param}\``), { param });
  }
}

const PLACE = /^messages\[(\d+)\](?:\.content\[(\d+)\])?/;

function spelled(param: string, { messages }: ChatRequest, { spellField }: InboundDialect): string {
  const place = PLACE.exec(param);
  const paths = place === null ? undefined : messages[Number(place[1])]?.partPaths;
  return paths?.[Number(place?.[2] ?? 0)] ?? spellField?.(param) ?? param;
}

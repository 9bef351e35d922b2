import type { GatewayError, ProviderFailure } from "../../contracts/errors.ts";
import { bedrockFraming } from "./framing.ts";

/** The exception of Bedrock's that each status stands for; others are told by their hundred. */
const TYPE_BY_STATUS: ReadonlyMap<number, string> = new Map([
  [401, "UnrecognizedClientException"],
  [403, "AccessDeniedException"],
  [404, "ResourceNotFoundException"],
  [408, "ModelTimeoutException"],
  [409, "ConflictException"],
  [429, "ThrottlingException"],
  [502, "ServiceUnavailableException"],
  [503, "ServiceUnavailableException"],
  [504, "ModelTimeoutException"],
]);

/** Those that a stream has. */
const STREAM_TYPES = new Set(["ValidationException", "ThrottlingException", "ServiceUnavailableException"]);

function typeOf(status: number): string {
  return TYPE_BY_STATUS.get(status) ?? (status >= 500 ? "InternalServerException" : "ValidationException");
}

/** The body of an error answer; AWS's clients read the type from a header, and take a body's as well. */
export function formatError(error: GatewayError): string {
  const { status, message, param, provider, code } = error;
  return JSON.stringify({
    __type: typeOf(status),
    message,
    code: provider?.code ?? code,
    ...(param === null ? {} : { param }),
  });
}

export function errorHeaders({ status }: GatewayError): string[] {
  return ["x-amzn-errortype", typeOf(status)];
}

export function formatStreamError({ status, message }: GatewayError): Buffer {
  return exception(status, message);
}

/** For an error the provider reported within its stream. */
export function formatStreamFailure({ status, message }: ProviderFailure): Buffer {
  return exception(status, message);
}

function exception(status: number, message: string): Buffer {
  const type = typeOf(status);
  const known = STREAM_TYPES.has(type) ? type : status >= 500 ? "InternalServerException" : "ValidationException";
  return bedrockFraming.format(known.charAt(0).toLowerCase() + known.slice(1), JSON.stringify({ message }));
}

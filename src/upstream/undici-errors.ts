import { type ErrorCode, GatewayError } from "../contracts/errors.ts";
import { neverSent } from "./retry.ts";

interface CodedError {
  code?: unknown;
  message?: unknown;
}

const BY_CODE: Record<string, ErrorCode> = {
  UND_ERR_CONNECT_TIMEOUT: "upstream_connect_timeout",
  ETIMEDOUT: "upstream_connect_timeout",
  UND_ERR_HEADERS_TIMEOUT: "upstream_first_byte_timeout",
  UND_ERR_BODY_TIMEOUT: "upstream_idle_timeout",
  UND_ERR_SOCKET: "upstream_reset",
  ECONNRESET: "upstream_reset",
  EPIPE: "upstream_reset",
  ECONNABORTED: "upstream_reset",
  UND_ERR_CLOSED: "upstream_reset",
  UND_ERR_DESTROYED: "upstream_reset",
  ECONNREFUSED: "upstream_unreachable",
  ENOTFOUND: "upstream_unreachable",
  EAI_AGAIN: "upstream_unreachable",
  EHOSTUNREACH: "upstream_unreachable",
  ENETUNREACH: "upstream_unreachable",
  EHOSTDOWN: "upstream_unreachable",
  ENOENT: "upstream_unreachable",
  EADDRNOTAVAIL: "upstream_unreachable",
  EMFILE: "upstream_unreachable",
  EPROTO: "upstream_unreachable",
  UND_ERR_INVALID_ARG: "internal_error",
  UND_ERR_HEADERS_OVERFLOW: "upstream_protocol_error",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "upstream_protocol_error",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "upstream_response_too_large",
};

const MESSAGES = {
  upstream_connect_timeout: "the upstream did not accept a connection in time",
  upstream_first_byte_timeout: "the upstream did not answer in time",
  upstream_idle_timeout: "the upstream stopped sending in the middle of its answer",
  upstream_reset: "the upstream closed the connection before its answer was complete",
  upstream_unreachable: "the upstream can't be reached",
  upstream_protocol_error: "the upstream's answer is not valid HTTP",
  upstream_response_too_large: "the upstream's answer is too large",
} satisfies Partial<Record<ErrorCode, string>>;

/** The GatewayError an error of undici, of the socket or of TLS stands for. The cause keeps the details for the log. */
export function toGatewayError(error: Error): GatewayError {
  if (error instanceof GatewayError) return error;
  const rawCode = (error as CodedError).code;
  const code = typeof rawCode === "string" ? rawCode : "";
  const known = BY_CODE[code] ?? classify(code, error);
  return new GatewayError(known, (MESSAGES as Partial<Record<ErrorCode, string>>)[known] ?? "the upstream failed", {
    cause: error,
  });
}

/** The same of a request that was sent, or may have been: that it never was must not be said of it. */
export function lossOf(error: Error): GatewayError {
  const failure = toGatewayError(error);
  return neverSent(failure) ? new GatewayError("upstream_reset", MESSAGES.upstream_reset, { cause: error }) : failure;
}

function classify(code: string, error: Error): ErrorCode {
  // undici's parser errors carry a code of llhttp for some faults and none for others.
  if (error.name === "HTTPParserError" || code.startsWith("HPE_")) return "upstream_protocol_error";
  // Certificates and handshakes: nothing was sent.
  if (code.startsWith("ERR_TLS") || code.startsWith("ERR_SSL") || /CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return "upstream_unreachable";
  }
  if (error instanceof AggregateError && error.errors.length > 0) {
    return toGatewayError(error.errors[0] as Error).code;
  }
  return "upstream_reset";
}

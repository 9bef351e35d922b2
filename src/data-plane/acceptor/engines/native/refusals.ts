import type { RequestRefusal } from "../../../../../native-bindings/engine.ts";
import { ERROR_CODES, type ErrorCode } from "../../../../contracts/errors.ts";
import type { Refusal } from "../engine.ts";

const TEXTS: Record<RequestRefusal, { code: ErrorCode; message: string }> = {
  none: { code: "bad_framing", message: "the request is not valid HTTP" },
  "bad-request-line": { code: "bad_framing", message: "the request line is not `method target HTTP/1.1`" },
  "bad-method": { code: "bad_framing", message: "the request method is not allowed" },
  "bad-target": {
    code: "bad_framing",
    message:
      "the request target has characters that are not allowed, a fragment, or dot segments: send it normalised and percent-encoded (RFC 3986)",
  },
  "bad-version": { code: "http_version_not_supported", message: "only HTTP/1.1 and HTTP/1.0 are spoken here" },
  "bad-line-end": { code: "bad_framing", message: "a line of the head does not end with CRLF" },
  "bad-field-line": { code: "bad_framing", message: "a header line is not `name: value`" },
  "bad-field-name": { code: "bad_framing", message: "a header name has characters that are not allowed" },
  "bad-field-value": { code: "bad_framing", message: "a header value has characters that are not allowed" },
  "duplicate-length": { code: "bad_framing", message: "Content-Length appears more than once" },
  "bad-length": { code: "bad_framing", message: "Content-Length is not a decimal number" },
  "length-and-chunked": { code: "bad_framing", message: "Content-Length and Transfer-Encoding exclude each other" },
  "bad-transfer-coding": {
    code: "bad_framing",
    message: "the body's transfer coding is not a single, well-formed `chunked`",
  },
  "chunked-in-http10": { code: "bad_framing", message: "HTTP/1.0 has no Transfer-Encoding" },
  "missing-host": { code: "bad_framing", message: "Host is missing" },
  "duplicate-host": { code: "bad_framing", message: "Host appears more than once" },
  "bad-host": { code: "bad_framing", message: "Host is not a valid host name, or not the one of the request target" },
  "bad-expectation": { code: "expectation_failed", message: "only `Expect: 100-continue` is understood" },
  "target-too-long": { code: "uri_too_long", message: "the request target is too long" },
  "head-too-long": { code: "header_too_large", message: "the request head is too long" },
};

/** What to answer to a request that the parser does not let in. */
export function describeRefusal(refusal: RequestRefusal, maxHeaderBytes: number): Refusal {
  const { code, message } = TEXTS[refusal];
  const detail = refusal === "head-too-long" ? `the request head is longer than ${maxHeaderBytes} bytes` : message;
  return { code, status: ERROR_CODES[code].status, message: detail };
}

import { type ErrorCode, GatewayError } from "../../../contracts/errors.ts";

/**
 * What failed while JSON of any depth was walked over, or written. A few thousand levels end the stack (a RangeError), which says
 * nothing of the gateway: the call ends with the error given here. Other errors stay as they are.
 */
export function tooDeep(error: unknown, code: ErrorCode, what: string): unknown {
  if (!(error instanceof RangeError)) return error;
  return new GatewayError(code, `${what} is nested too deeply to be read`, { cause: error });
}

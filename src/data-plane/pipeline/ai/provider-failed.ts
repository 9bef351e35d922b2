import { GatewayError, type ProviderFailure } from "../../../contracts/errors.ts";

/** What a provider said when it refused or failed, as the call's error. */
export function providerFailed(failure: ProviderFailure): GatewayError {
  return new GatewayError("provider_error", failure.message, {
    status: failure.status,
    provider: failure,
    ...(failure.param === null ? {} : { param: failure.param }),
  });
}

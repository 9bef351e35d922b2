import { GatewayError, type ProviderFailure } from "../../../contracts/errors.ts";
import type { AiTarget } from "./ai-target.ts";

/** What a provider said when it refused or failed, as the call's error. */
export function providerFailed(failure: ProviderFailure): GatewayError {
  return new GatewayError("provider_error", failure.message, {
    status: failure.status,
    provider: failure,
    ...(failure.param === null ? {} : { param: failure.param }),
  });
}

/** Some servers repeat the key they were called with in what they complain of. */
export function withoutKeys({ keys }: AiTarget, error: GatewayError): GatewayError {
  const { provider: failure } = error;
  if (failure === null) return error;
  const secrets = keys.keys.flatMap((key) => key.secrets()).filter((secret) => failure.message.includes(secret));
  if (secrets.length === 0) return error;
  const message = secrets.reduce((text, secret) => text.replaceAll(secret, "[redacted]"), failure.message);
  return providerFailed({ ...failure, message });
}

import type { Endpoint } from "./endpoint.ts";
import { applicationEndpoints } from "./routes/applications.ts";
import { callEndpoints } from "./routes/calls.ts";
import { credentialEndpoints } from "./routes/credentials.ts";
import { governanceEndpoints } from "./routes/governance.ts";
import { identityProviderEndpoints } from "./routes/identity-providers.ts";
import { modelEndpoints } from "./routes/models.ts";
import { organisationEndpoints } from "./routes/organisation.ts";
import { peopleEndpoints } from "./routes/people.ts";
import { providerKindEndpoints } from "./routes/provider-kinds.ts";
import { providerEndpoints } from "./routes/providers.ts";
import { serviceEndpoints } from "./routes/services.ts";
import { tokenIssuerEndpoints } from "./routes/token-issuers.ts";
import { tryItEndpoints } from "./routes/try-it.ts";
import { webhookEndpoints } from "./routes/webhooks.ts";

/** Everything the admin API does, but for signing in and out. */
export const ENDPOINTS: readonly Endpoint[] = [
  ...peopleEndpoints,
  ...serviceEndpoints,
  ...tryItEndpoints,
  ...governanceEndpoints,
  ...applicationEndpoints,
  ...credentialEndpoints,
  ...tokenIssuerEndpoints,
  ...callEndpoints,
  ...providerEndpoints,
  ...modelEndpoints,
  ...providerKindEndpoints,
  ...organisationEndpoints,
  ...webhookEndpoints,
  ...identityProviderEndpoints,
];

import { checkCertificates } from "./certificates.ts";
import type { Check } from "./check.ts";
import { checkCredentials } from "./credentials.ts";
import { checkHeaderEdits } from "./header-edits.ts";
import { checkIdentifiers } from "./identifiers.ts";
import { checkJwtIssuers } from "./jwt-issuers.ts";
import { checkKeys } from "./keys.ts";
import { checkLimits } from "./limits.ts";
import { checkListeners } from "./listeners.ts";
import { checkMcpServices } from "./mcp-services.ts";
import { checkModelResilience } from "./model-resilience.ts";
import { checkModelRoutes } from "./model-routes.ts";
import { checkPolicies } from "./policies.ts";
import { checkProviders } from "./providers.ts";
import { checkReferences } from "./references.ts";
import { checkReleases } from "./releases.ts";
import { checkRoutes } from "./routes.ts";
import { checkServiceKinds } from "./service-kinds.ts";
import { checkSubscriptions } from "./subscriptions.ts";
import { checkUpstreams, checkUpstreamsGiven } from "./upstreams.ts";

export const CHECKS: readonly Check[] = [
  checkListeners,
  checkCertificates,
  checkIdentifiers,
  checkReferences,
  checkProviders,
  checkModelRoutes,
  checkRoutes,
  checkServiceKinds,
  checkMcpServices,
  checkUpstreams,
  checkUpstreamsGiven,
  checkModelResilience,
  checkReleases,
  checkHeaderEdits,
  checkPolicies,
  checkLimits,
  checkSubscriptions,
  checkKeys,
  checkCredentials,
  checkJwtIssuers,
];

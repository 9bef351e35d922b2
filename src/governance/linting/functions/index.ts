import { describedProperties } from "./descriptions.ts";
import { errorResponsesHaveSchema, oneErrorSchema, securedOperationsAnswer } from "./errors.ts";
import { consistentPropertyCasing, kebabCasePaths, verbFreePaths } from "./naming.ts";
import type { DocumentCheck } from "./operations.ts";
import { declaredSecurity, noBasicOverHttp } from "./security.ts";
import { majorVersionInUrl } from "./versioning.ts";

/** Functions that the rules of `tidegate:default` use beside Spectral's own. Teams' rulesets can't name them. */
export const DOCUMENT_CHECKS: ReadonlyMap<string, DocumentCheck> = new Map(
  Object.entries({
    consistentPropertyCasing,
    declaredSecurity,
    describedProperties,
    errorResponsesHaveSchema,
    kebabCasePaths,
    majorVersionInUrl,
    noBasicOverHttp,
    oneErrorSchema,
    securedOperationsAnswer,
    verbFreePaths,
  }),
);

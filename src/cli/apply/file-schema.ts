import { z } from "zod";
import type { Check, CheckContext } from "../../snapshot/checks/check.ts";
import { checkHeaderEdits } from "../../snapshot/checks/header-edits.ts";
import { checkIdentifiers } from "../../snapshot/checks/identifiers.ts";
import { checkIssuersIn } from "../../snapshot/checks/jwt-issuers.ts";
import { checkLimits } from "../../snapshot/checks/limits.ts";
import { checkMcpServices } from "../../snapshot/checks/mcp-services.ts";
import { checkPolicies } from "../../snapshot/checks/policies.ts";
import { checkRoutes } from "../../snapshot/checks/routes.ts";
import { checkServiceKinds, isAi } from "../../snapshot/checks/service-kinds.ts";
import { checkSubscriptions } from "../../snapshot/checks/subscriptions.ts";
import { checkUpstreams } from "../../snapshot/checks/upstreams.ts";
import { limits } from "../../snapshot/schema/common.ts";
import { withShorthand } from "../../snapshot/schema/notes.ts";
import { policiesAt } from "../../snapshot/schema/policies.ts";
import { filePath, instant } from "../../snapshot/schema/scalars.ts";
import { service } from "../../snapshot/schema/service.ts";
import { checkDeclaredCredentials, declaredCredential, declaredTokenIssuer } from "./credentials.ts";
import { id, name, textUpTo } from "./file-scalars.ts";
import { identityProvider } from "./identity-provider.ts";
import { declaredModels, declaredProviders } from "./providers.ts";

const MAX_DOCUMENT_CHARACTERS = 2 * 1024 * 1024;

const label = textUpTo(200, { trimmed: true, minimum: 0 });
const longText = textUpTo(10_000, { trimmed: false, minimum: 0 });
const documentText = textUpTo(MAX_DOCUMENT_CHARACTERS, { trimmed: false, minimum: 0 });

const team = z
  .strictObject({
    id: id.describe("Id of the team."),
    name: name.optional().describe("Name for people; absent: the id."),
    description: longText.prefault("").describe("What the team does."),
    policies: policiesAt("team").prefault({}).describe("What holds for calls to the team's services."),
  })
  .describe("A team.");

const role = z
  .strictObject({
    id: id.describe("Id of the role."),
    name: name.optional().describe("Name for people; absent: the id."),
    scope: z.enum(["organisation", "team"]).describe("Where it is given."),
    permissions: z.array(name).describe("What whoever has it may do."),
  })
  .describe("A role beside the built-in ones.");

const { id: _id, team: _team, routes, upstream, ...configuration } = service.shape;

/** What a service's entry says beside the configuration that becomes its draft. */
const aboutService = {
  id: id.describe("Id of the service."),
  team: id.describe("Team that owns it."),
  name: name.optional().describe("Name for people; absent: the id."),
  description: longText.prefault("").describe("One or two sentences for the catalogue."),
  category: label.prefault("").describe("Where the catalogue lists it."),
  tags: z.array(name).prefault([]).describe("Words the catalogue finds it by."),
  documentation: documentText.optional().describe("Markdown for its callers."),
  documentation_file: filePath.optional().describe("File with that, relative to this one."),
  openapi: documentText.optional().describe("Its OpenAPI document, as a text."),
  openapi_file: filePath.optional().describe("File with that, relative to this one."),
  visibility: z.enum(["private", "team", "organisation"]).prefault("team").describe("Who sees it in the catalogue."),
  approval: z.enum(["automatic", "manual"]).prefault("manual").describe("How subscriptions are approved."),
  shared_with: z.array(id).prefault([]).describe("Further teams that see it."),
  publish: z.boolean().prefault(false).describe("Makes a release when the draft is not what is served."),
  note: longText.optional().describe("What is new in that release."),
};
export const ABOUT_SERVICE: ReadonlySet<string> = new Set(Object.keys(aboutService));

const declaredService = z
  .strictObject({
    ...aboutService,
    routes: routes.optional(),
    upstream: upstream.optional(),
    ...configuration,
  })
  .describe("A service.");

/** Who requests it names the service; the rest is for the service's team to say. */
const subscription = withShorthand(
  z.strictObject({
    service: id.describe("Id of the service; `ai` is the unified API."),
    expires_at: instant.nullable().optional().describe("When it ends; null: never. Absent: as it is."),
    limits: limits.optional().describe("Limits of this subscription. Absent: as they are."),
    policies: policiesAt("subscription").optional().describe("What holds for its calls. Absent: as they are."),
  }),
  {
    shorthand: "service",
    type: "id or mapping",
    expected: "the id of a service, or a mapping with service, expires_at, limits, policies",
  },
);

const application = z
  .strictObject({
    id: id.describe("Id of the application."),
    team: id.describe("Team that owns it."),
    name: name.optional().describe("Name for people; absent: the id."),
    description: longText.prefault("").describe("What it is."),
    limits,
    policies: policiesAt("application").prefault({}).describe("What holds for the application's calls."),
    credentials: z
      .array(declaredCredential)
      .optional()
      .describe("How it proves that it calls, beside API keys; absent: whatever it has."),
    subscriptions: z
      .array(subscription)
      .optional()
      .describe("Services it wants to call; absent: whatever it has. `ai` is the unified API."),
  })
  .describe("A caller. Its API keys are made with `tidegate keys`.");

/** What `tidegate apply` reads. */
export const declarationSchema = z.strictObject({
  version: z.literal(1).describe("Version of this format."),
  policies: policiesAt("organisation").optional().describe("What holds for all calls. Absent: as they are."),
  teams: z.array(team).optional().describe("Teams."),
  roles: z.array(role).optional().describe("Roles beside the built-in ones."),
  identity_providers: z.array(identityProvider).optional().describe("Where people sign in with OpenID Connect."),
  token_issuers: z.array(declaredTokenIssuer).optional().describe("Whose JSON Web Tokens applications may call with."),
  providers: declaredProviders
    .optional()
    .describe("Providers of models. A key without its secret keeps the one that is stored."),
  models: declaredModels.optional().describe("Model routes."),
  services: z.array(declaredService).optional().describe("Services."),
  applications: z.array(application).optional().describe("Callers."),
});
export type Declaration = z.output<typeof declarationSchema>;

export const DECLARATION_CHECKS: readonly Check[] = [
  checkIdentifiers,
  checkRoleIds,
  checkDrafts,
  checkRoutes,
  checkServiceKinds,
  checkMcpServices,
  checkUpstreams,
  checkHeaderEdits,
  checkPolicies,
  checkLimits,
  checkSubscriptions,
  checkIdentityProviders,
  checkTokenIssuers,
  checkIssuersIn("token_issuers"),
  checkDeclaredCredentials,
];

function checkRoleIds(context: CheckContext): void {
  checkUnique(context, "roles", "id", "a role");
}

function checkIdentityProviders(context: CheckContext): void {
  checkUnique(context, "identity_providers", "id", "an identity provider");
  checkUnique(context, "identity_providers", "issuer", "an identity provider");
}

function checkTokenIssuers(context: CheckContext): void {
  checkUnique(context, "token_issuers", "id", "a token issuer");
  checkUnique(context, "token_issuers", "issuer", "a token issuer");
}

function checkUnique({ root, report }: CheckContext, section: string, field: string, what: string): void {
  const seen = new Set<string>();
  for (const one of root.at(section).items()) {
    const value = one.at(field).text();
    if (value === undefined) continue;
    if (seen.has(value)) report(one.at(field).path, `duplicate ${field}: ${what} before it has the same`);
    seen.add(value);
  }
}

/** A service may be there before anybody knows where its calls go, but then there is nothing to publish. */
function checkDrafts({ root, report }: CheckContext): void {
  for (const one of root.at("services").items()) {
    const hasDraft = one.keys().some((key) => !ABOUT_SERVICE.has(key));
    const publishes = one.at("publish").value === true;
    for (const key of isAi(one) ? ["routes"] : ["routes", "upstream"]) {
      if ((hasDraft || publishes) && !one.at(key).exists) {
        report(
          one.path,
          `\`${key}\` is missing: ${publishes ? "there is nothing to publish" : "others of it are given"}`,
        );
      }
    }
    for (const key of ["openapi", "documentation"]) {
      if (one.at(key).exists && one.at(`${key}_file`).exists) {
        report(one.at(`${key}_file`).path, `\`${key}\` and \`${key}_file\` exclude each other: choose one`);
      }
    }
    if (one.at("note").exists && !publishes)
      report(one.at("note").path, "a note belongs to a release: `publish: true`");
  }
}

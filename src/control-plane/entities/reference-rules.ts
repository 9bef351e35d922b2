import { formatPath } from "../../snapshot/problems/problem.ts";
import { findReferences } from "../../snapshot/secrets/references.ts";
import type { Schema } from "../../snapshot/validate.ts";
import type { FieldProblem } from "../problem.ts";

/** Where in Vault the secrets of teams and of the organisation are; null: they can't refer to any. */
export interface ReferenceRules {
  /** `{team}` stands for the team's id. */
  teamPath: string | null;
  organisationPath: string | null;
}

export const NO_REFERENCES: ReferenceRules = { teamPath: null, organisationPath: null };

/** Set by whoever runs Tidegate: whoever uses the admin API must not choose what its token reads. */
export function referenceRules(env: NodeJS.ProcessEnv): ReferenceRules {
  return {
    teamPath: env.TIDEGATE_VAULT_TEAM_PATH || null,
    organisationPath: env.TIDEGATE_VAULT_ORGANISATION_PATH || null,
  };
}

/**
 * What is wrong with a document's references: variables and files are those of the machine, and a team that could name any path of
 * Vault could read the secrets of others in its own upstream's log. `team` null: of the organisation.
 */
export function referenceFaults(
  rules: ReferenceRules,
  document: unknown,
  schema: Schema,
  team: string | null,
): FieldProblem[] {
  return findReferences(document, schema).flatMap(({ path, reference }) => {
    const message = typeof reference === "string" ? reference : faultOf(rules, reference, team);
    return message === null ? [] : [{ path: formatPath(path), message }];
  });
}

export function faultOf(rules: ReferenceRules, reference: object, team: string | null): string | null {
  if (!("vault" in reference)) {
    return "variables and files of the machine can be named in the configuration file only: refer to Vault";
  }
  const variable = team === null ? "TIDEGATE_VAULT_ORGANISATION_PATH" : "TIDEGATE_VAULT_TEAM_PATH";
  const template = team === null ? rules.organisationPath : rules.teamPath;
  if (template === null) return `references to Vault are not set up here: ${variable} says where they may lead`;
  const prefix = `${template.replaceAll("{team}", team ?? "").replace(/\/$/, "")}/`;
  const { path } = (reference as { vault: { path: string } }).vault;
  return path.startsWith(prefix) ? null : `\`vault.path\`: expected a path below ${prefix}`;
}

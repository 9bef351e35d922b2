import { suggestion } from "../problems/suggestion.ts";
import type { Check } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { AI_SERVICE, isId } from "./identifiers.ts";
import { destinationsOf } from "./model-routes.ts";
import { serviceOf } from "./subscriptions.ts";

export const checkReferences: Check = ({ root, describe, report }) => {
  const refer = (field: Cursor, kind: string, known: string[]): void => {
    const value = field.text();
    if (value === undefined || known.includes(value)) return;
    report(
      field.path,
      `there is no ${kind} ${describe(field)}${suggestion(value, known.filter(isId))}; ${listOf(kind, known)}`,
    );
  };

  const providers = idsOf(root.at("providers"));
  for (const model of root.at("models").items()) {
    for (const target of [model, ...destinationsOf(model)].flatMap((one) => one.at("targets").items())) {
      refer(target.at("provider"), "provider", providers);
    }
  }

  const services = [...idsOf(root.at("services")), AI_SERVICE];
  for (const application of root.at("applications").items()) {
    for (const subscription of application.at("subscriptions").items()) {
      refer(serviceOf(subscription), "service", services);
    }
  }

  const issuers = idsOf(root.at("jwt_issuers"));
  for (const application of root.at("applications").items()) {
    for (const credential of application.at("credentials").items()) {
      refer(credential.at("jwt", "issuer"), "JWT issuer", issuers);
    }
  }

  if (!root.at("teams").exists) return;
  const teams = idsOf(root.at("teams"));
  for (const owner of [...root.at("services").items(), ...root.at("applications").items()]) {
    const team = owner.at("team");
    if (team.exists) refer(team, "team", teams);
    else if (!teams.includes("default")) {
      report(owner.path, `\`team\` is missing, and there is no team "default"; ${listOf("team", teams)}`);
    }
  }
};

function idsOf(list: Cursor): string[] {
  return list
    .items()
    .map((entry) => entry.at("id").text())
    .filter((id) => id !== undefined);
}

function listOf(kind: string, ids: string[]): string {
  const shown = ids.filter(isId);
  return shown.length === 0 ? `no ${kind} is defined` : `known: ${shown.join(", ")}`;
}

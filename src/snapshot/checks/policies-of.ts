import type { KINDS_AT } from "../schema/policies.ts";
import type { Cursor } from "./cursor.ts";

/** Every `policies` of a configuration, with the level it is attached to. */
export function policiesOf(root: Cursor): { level: keyof typeof KINDS_AT; owner: Cursor; policies: Cursor }[] {
  const services = root.at("services").items();
  const applications = root.at("applications").items();
  const found: [keyof typeof KINDS_AT, Cursor[]][] = [
    ["organisation", [root]],
    ["ai", [root.at("ai")]],
    ["team", root.at("teams").items()],
    ["service", services],
    ["route", services.flatMap((service) => service.at("routes").items())],
    ["application", applications],
    ["subscription", applications.flatMap((application) => application.at("subscriptions").items())],
  ];
  return found.flatMap(([level, owners]) => owners.map((owner) => ({ level, owner, policies: owner.at("policies") })));
}

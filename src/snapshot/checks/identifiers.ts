import { formatPath } from "../problems/problem.ts";
import { id } from "../schema/scalars.ts";
import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";

/** The service id under which the unified API is subscribed to. */
export const AI_SERVICE = "ai";

export const checkIdentifiers: Check = (context) => {
  const { root, report } = context;
  for (const section of ["teams", "providers", "services", "applications", "jwt_issuers"]) {
    unique(context, root.at(section).items(), "id");
  }
  unique(context, root.at("models").items(), "name");
  unique(context, root.at("jwt_issuers").items(), "issuer");
  for (const application of root.at("applications").items()) {
    unique(context, [...application.at("keys").items(), ...application.at("credentials").items()], "id");
  }
  for (const provider of root.at("providers").items()) unique(context, provider.at("keys").items(), "id");
  for (const service of root.at("services").items()) {
    unique(context, service.at("routes").items(), "id");
    if (service.at("id").text() === AI_SERVICE) {
      report(service.at("id").path, "`ai` is the id of the unified API; choose another one");
    }
  }

  const providers = new Set(
    root
      .at("providers")
      .items()
      .map((provider) => provider.at("id").text()),
  );
  for (const model of root.at("models").items()) {
    for (const name of [model.at("name"), ...model.at("aliases").items()]) {
      const [prefix, rest] = name.text()?.split("/", 2) ?? [];
      if (rest === undefined || !isId(prefix) || !providers.has(prefix)) continue;
      const message = `names that begin with \`${prefix}/\` call the models of the provider ${prefix}; choose another name`;
      report(name.path, message);
    }
  }
};

/** What is no id may be anything, also a secret on the wrong line: it is not listed in messages. */
export function isId(value: unknown): boolean {
  return id.safeParse(value).success;
}

function unique(context: CheckContext, entries: Cursor[], field: string): void {
  const seen = new Map<string, Cursor>();
  for (const entry of entries) {
    const value = entry.at(field).text();
    if (value === undefined) continue;
    const first = seen.get(value);
    if (first === undefined) {
      seen.set(value, entry);
      continue;
    }
    const shown = context.describe(entry.at(field));
    context.report(
      entry.at(field).path,
      `duplicate ${field} ${shown}: it is already taken by ${formatPath(first.path)}`,
    );
  }
}

import type { Check } from "./check.ts";

/** What the catalogue demands of a provider of each kind. */
export const checkProviders: Check = ({ root, catalogue, report }) => {
  for (const provider of root.at("providers").items()) {
    const entry = catalogue.find((one) => one.kind === provider.at("kind").text());
    if (entry === undefined) continue;
    if (entry.transport === "http" && entry.baseUrl === null && !provider.at("base_url").exists) {
      report(provider.path, `\`base_url\` is required for kind ${entry.kind}`);
    }
    if (entry.requiresKey && isAbsentOrEmpty(provider.at("keys").value)) {
      const example = entry.envKey === null ? "" : `, e.g. keys: [ { value: "\${${entry.envKey}}" } ]`;
      report(provider.path, `\`keys\` needs at least one key for kind ${entry.kind}${example}`);
    }
    if (entry.transport !== "simulated" && provider.at("simulated").exists) {
      report(provider.at("simulated").path, "only a provider of kind simulated can have this");
    }
  }
};

function isAbsentOrEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

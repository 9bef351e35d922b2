import { parseInstant } from "../schema/scalars.ts";
import type { Check } from "./check.ts";

export const checkReleases: Check = ({ root, report, warn }) => {
  for (const service of root.at("services").items()) {
    const canary = service.at("canary");
    if (canary.exists && (canary.at("percent").value ?? 0) === 0 && !canary.at("header").exists) {
      report(canary.path, "the canary gets no calls: set `percent` above 0, or a `header`");
    }
    const at = parseInstant(service.at("deprecation", "at").value);
    const sunset = parseInstant(service.at("deprecation", "sunset").value);
    if (at !== undefined && sunset !== undefined && sunset < at) {
      // RFC 9745 §4
      report(
        service.at("deprecation", "sunset").path,
        "the sunset must not be before `at`, the time of the deprecation",
      );
    }
    if (service.at("retired").value === true && !service.at("deprecation", "link").exists) {
      warn(
        service.at("retired").path,
        "callers of a retired service are not told what follows it: give `deprecation` a `link`",
      );
    }
  }
};

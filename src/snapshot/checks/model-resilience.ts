import type { Check } from "./check.ts";

/** What model routes say of slow and broken answers, as far as one part of it depends on another. */
export const checkModelResilience: Check = ({ root, report }) => {
  for (const model of root.at("models").items()) {
    const hedging = model.at("hedging");
    if (!hedging.exists) continue;
    if (model.at("targets").items().length === 1) {
      report(hedging.path, "there is no second target to ask: add one to `targets`");
    }
    const after = hedging.at("after").text();
    if (after !== undefined && !after.startsWith("p") && hedging.at("min_delay").exists) {
      report(hedging.at("min_delay").path, "`after` is a fixed time: leave one of them out");
    }
  }
};

import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { importLiteLlm } from "../../../src/snapshot/importers/litellm/import-litellm.ts";
import { verifyImport } from "../../../src/snapshot/importers/verify.ts";

/** The weights that a model's deployments have in Tidegate, where those of LiteLLM are `weights`. */
function imported(weights: readonly (number | undefined)[]): (number | undefined)[] | undefined {
  const deployments = weights.map((weight, index) => ({
    model_name: "m",
    litellm_params: { model: `openai/m${index}`, ...(weight === undefined ? {} : { weight }) },
  }));
  const result = importLiteLlm(stringify({ model_list: deployments }), { file: "f" });
  expect(verifyImport(result, "/nowhere/tidegate.yaml").problems).toEqual([]);
  return result.configuration.models?.find(({ name }) => name === "m")?.targets.map(({ weight }) => weight);
}

describe("weights of LiteLLM's deployments", () => {
  it.each([
    { given: [2, 4], becomes: [1, 2] },
    { given: [0.7, 0.3], becomes: [7, 3] },
    { given: [0.0002, 0.0001], becomes: [2, 1] },
    { given: [0, 5, 10], becomes: [0, 1, 2] },
    { given: [1, undefined, 3], becomes: [1, 1, 3] },
    { given: [1e9, 2e9], becomes: [1, 2] },
    { given: [1e300, 1], becomes: [10_000, 1] },
  ])("keep their proportions as small whole numbers: $given", ({ given, becomes }) => {
    expect(imported(given)).toEqual(becomes);
  });

  it.each([
    { given: [3, 3] },
    { given: [0, 0] },
    { given: [-1, -2] },
    // Every weight was 0 in what this became: a configuration that is refused.
    { given: [0, -5e-324] },
  ])("are left out where calls are spread evenly: $given", ({ given }) => {
    expect(imported(given)).toEqual([undefined, undefined]);
  });

  it("let the smallest number there is be drawn", () => {
    expect(imported([5e-324, 0])).toEqual([1, 0]);
  });
});

import { GatewayError } from "../../contracts/errors.ts";
import { invalid, isObject, type JsonObject } from "../checks.ts";
import { unsupportedField } from "../foreign.ts";
import { stringOr } from "../json.ts";
import { JSON_HEADERS, type Operation, pathFor } from "./operation.ts";

/**
 * `POST /v1/moderations` of providers that are not OpenAI's alike: Mistral, which ranks texts by categories of its own. These stay
 * as they are, since what one calls `hate` is not what another does; `flagged` is that one of them applies.
 */
export const moderations: Operation = {
  build(body, { target }, endpoint) {
    if (endpoint?.form !== "mistral") {
      throw unsupportedField("model", "names a model of a provider that has no moderations");
    }
    const call = { model: target.model, input: textsOf(body.input) };
    const path = pathFor(endpoint, target.model);
    return { path, query: "", headers: { ...JSON_HEADERS }, body: JSON.stringify(call), passthrough: false };
  },
  translate(answer, _plan, { model, requestId }) {
    const results = isObject(answer) ? answer.results : undefined;
    if (!isObject(answer) || !Array.isArray(results)) {
      throw new GatewayError("upstream_protocol_error", "the provider's answer holds no moderations");
    }
    const id = stringOr(answer.id, `modr-${requestId}`);
    return { text: JSON.stringify({ id, model, results: results.map(resultOf) }), usage: null };
  },
};

function textsOf(input: unknown): string | string[] {
  if (typeof input === "string") return input;
  if (!Array.isArray(input) || input.length === 0) throw invalid("input", "must be a string or an array of strings.");
  // Parts are one input together, texts are one each.
  if (input.every((text) => typeof text === "string")) return input;
  const [only] = input;
  if (input.length === 1 && isObject(only) && only.type === "text" && typeof only.text === "string") return only.text;
  throw unsupportedField(
    "input",
    "holds pictures or several parts, but the provider of this model looks at texts alone",
  );
}

function resultOf(result: unknown): JsonObject {
  const { categories = {}, category_scores: scores = {} } = isObject(result) ? result : {};
  const applies = isObject(categories) && Object.values(categories).some((value) => value === true);
  const types = Object.fromEntries(Object.keys(isObject(categories) ? categories : {}).map((name) => [name, ["text"]]));
  return { flagged: applies, categories, category_scores: scores, category_applied_input_types: types };
}

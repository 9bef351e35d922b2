import { GatewayError } from "../../contracts/errors.ts";
import {
  fieldPath,
  invalid,
  isObject,
  type JsonObject,
  optionalBoolean,
  optionalNumber,
  requiredArray,
  requiredNonEmptyString,
} from "../checks.ts";
import { unsupportedField } from "../foreign.ts";
import { stringOr } from "../json.ts";
import { JSON_HEADERS, type Operation, pathFor } from "./operation.ts";
import { readTokens } from "./usage.ts";

/**
 * `POST /v1/rerank` and Cohere's `/v2/rerank`, in the form of Cohere's v2 API. What Cohere's v1 API and Jina's have beside it is
 * taken as well: documents as `{"text": …}`, and `return_documents`, which is done here: the documents are at hand.
 */
export const rerank: Operation = {
  build(body, { inbound, target }, endpoint) {
    const form = endpoint === undefined ? undefined : FORMS[endpoint.form ?? ""];
    if (endpoint === undefined || form === undefined) {
      throw unsupportedField("model", "names a model of a provider that does not rerank");
    }
    const query = requiredNonEmptyString(body, "query", "");
    const documents = requiredArray(body, "documents", "");
    if (documents.length === 0) throw invalid("documents", "must hold at least one document.");
    const topN = optionalNumber(body, "top_n", "", { min: 1, integer: true });
    const { model: _m, query: _q, documents: _d, top_n: _t, return_documents: _r, ...others } = body;
    const call: JsonObject = {
      model: target.model,
      query,
      documents: form.takesObjects ? documents : documents.map(textOf),
      ...(topN === undefined ? {} : { [form.topN]: topN }),
    };
    for (const [name, value] of Object.entries(others)) {
      if (value === null || (form !== COHERE && IGNORED.has(name))) continue;
      const passes = form.others === "any" || form.others.includes(name) || (inbound === "cohere" && form === COHERE);
      if (!passes) throw unsupportedField(name, "is not known to the provider of this model");
      call[name] = value;
    }
    const echo = optionalBoolean(body, "return_documents", "") === true ? { documents } : {};
    const path = pathFor(endpoint, target.model);
    return { path, query: "", headers: { ...JSON_HEADERS }, body: JSON.stringify(call), passthrough: false, echo };
  },
  translate(answer, _plan, { requestId, echo }) {
    const found = isObject(answer) ? (answer.results ?? answer.data) : undefined;
    if (!isObject(answer) || !Array.isArray(found)) throw noResults();
    const documents = Array.isArray(echo?.documents) ? echo.documents : null;
    const results = found.map((result: unknown) => {
      if (!isObject(result) || typeof result.index !== "number") throw noResults();
      const score = result.relevance_score ?? result.score;
      if (typeof score !== "number") throw noResults();
      const document = documents === null ? {} : { document: documentOf(documents[result.index]) };
      return { index: result.index, relevance_score: score, ...document };
    });
    const usage = readTokens(answer.usage);
    const meta = isObject(answer.meta) ? answer.meta : usage === null ? {} : metaOf(usage.inputTokens);
    const id = stringOr(answer.id, `rerank-${requestId}`);
    return { text: JSON.stringify({ id, results, meta }), usage };
  },
};

interface RerankForm {
  /** The name of the limit of results. */
  topN: string;
  /** Documents may be objects, e.g. of pictures. */
  takesObjects: boolean;
  /** Fields that go on beside those. */
  others: readonly string[] | "any";
}

const COHERE: RerankForm = { topN: "top_n", takesObjects: false, others: ["max_tokens_per_doc", "priority"] };

/** By the `form` of the catalogue. Fields: cohere-ai 8.1, voyageai 0.4, together-ai 0.52, Jina's and Novita's documentation. */
const FORMS: Readonly<Record<string, RerankForm>> = {
  cohere: COHERE,
  // What most servers have, each with fields of its own.
  jina: { topN: "top_n", takesObjects: true, others: "any" },
  voyage: { topN: "top_k", takesObjects: false, others: ["truncation"] },
};

/** How soon Cohere is to answer: changes nothing of what it answers. */
const IGNORED: ReadonlySet<string> = new Set(["priority"]);

function textOf(document: unknown, index: number): string {
  if (typeof document === "string") return document;
  if (isObject(document) && typeof document.text === "string") return document.text;
  const path = fieldPath("", `documents[${index}]`);
  if (isObject(document)) throw unsupportedField(path, "holds no `text`, and the provider of this model ranks texts");
  throw invalid(path, "must be a string, or an object with `text`.");
}

function documentOf(document: unknown): unknown {
  return typeof document === "string" ? { text: document } : document;
}

/** As Cohere says what was used. */
function metaOf(inputTokens: number): JsonObject {
  return { billed_units: { input_tokens: inputTokens }, tokens: { input_tokens: inputTokens } };
}

function noResults(): GatewayError {
  return new GatewayError("upstream_protocol_error", "the provider's answer holds no ranking");
}

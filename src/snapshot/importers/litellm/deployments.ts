import type { Path } from "../../schema/introspection.ts";
import type { ModelTargetPart, TimeoutsPart } from "../configuration-part.ts";
import type { Notebook } from "../notebook.ts";
import { duration, type Fields, fieldsOf, listOf, numberOf, textOf, wholeNumber } from "../shape.ts";
import type { SourceDocument } from "../source-document.ts";
import type { Deployment, Providers } from "./providers.ts";

/** The deployments of one `model_name`. */
export interface ModelGroup {
  name: string;
  targets: readonly ModelTargetPart[];
  timeouts: TimeoutsPart;
  /** Of `max_retries`; null: not given. */
  attempts: number | null;
  path: Path;
}

const MAX_ATTEMPTS = 10;

/** Keys of `litellm_params` that are read. */
const READ = new Set([
  "model",
  "custom_llm_provider",
  "api_base",
  "base_url",
  "api_key",
  "api_version",
  "litellm_credential_name",
  "organization",
  "headers",
  "extra_headers",
  "weight",
  "rpm",
  "tpm",
  "timeout",
  "stream_timeout",
  "max_retries",
  "num_retries",
]);
/** What a call's body says here: the gateway adds nothing to it. */
const DEFAULTS_OF_CALLS = new Set([
  "temperature",
  "max_tokens",
  "top_p",
  "stream",
  "seed",
  "stop",
  "n",
  "user",
  "extra_body",
  "reasoning_effort",
  "max_completion_tokens",
]);

export interface GroupContext {
  source: SourceDocument;
  providers: Providers;
  notes: Notebook;
  /** `credential_list`, by name. */
  credentials: ReadonlyMap<string, Fields>;
}

export function readGroups(models: unknown, context: GroupContext): ModelGroup[] {
  const groups = new Map<string, ModelGroup>();
  listOf(models).forEach((entry, index) => {
    const path: Path = ["model_list", index];
    const name = textOf(fieldsOf(entry).model_name);
    if (name === null) {
      context.notes.leftOut(
        context.source.placeOf(path),
        "a model without `model_name`",
        "nothing says what callers call it",
        "add it by hand",
      );
      return;
    }
    const read = readDeployment(fieldsOf(entry), name, path, context);
    if (read === null) return;
    const group = groups.get(name);
    groups.set(name, group === undefined ? { name, path, ...read } : joined(group, read, context));
  });
  return [...groups.values()];
}

type Read = Pick<ModelGroup, "targets" | "timeouts" | "attempts">;

function readDeployment(entry: Fields, name: string, path: Path, context: GroupContext): Read | null {
  const { source, notes, providers, credentials } = context;
  const own = fieldsOf(entry.litellm_params);
  const credential = textOf(own.litellm_credential_name);
  const params: Fields = { ...(credential === null ? {} : credentials.get(credential)), ...own };
  const place = (key: string) => source.placeOf([...path, "litellm_params", key]);
  if (credential !== null && !credentials.has(credential)) {
    notes.leftOut(
      place("litellm_credential_name"),
      "litellm_credential_name",
      "no credential of `credential_list` has this name",
      "set the provider's `keys` by hand",
    );
  }
  noteOthers(entry, own, path, context);
  const deployment: Deployment = { params, path, place };
  if (name.includes("*") || textOf(params.model)?.includes("*")) {
    noteWildcard(name, deployment, context);
    return null;
  }
  if (/[\s\p{Cc}]/u.test(name) || name.length > 200) {
    notes.leftOut(
      source.placeOf([...path, "model_name"]),
      "model_name",
      "a model's name has no spaces, and at most 200 characters",
      "add the model by another name",
    );
    return null;
  }
  const target = providers.targetOf(deployment);
  if (target === null) return null;
  const weight = weightOf(params, deployment, notes);
  return {
    targets: [{ ...target, ...(weight === null ? {} : { weight }) }],
    timeouts: timeoutsOf(params, deployment, notes),
    attempts: wholeNumber(params.max_retries ?? params.num_retries, 0, MAX_ATTEMPTS),
  };
}

/** All models of a provider can be called by `<provider>/<model>` without an entry. */
function noteWildcard(name: string, deployment: Deployment, { providers, notes, source }: GroupContext): void {
  const target = providers.targetOf(deployment);
  if (target === null) return;
  const why =
    "there are no patterns of model names; every model of a provider can be called as provider/model without being listed";
  const instead =
    name === `${target.provider}/*`
      ? `nothing: callers go on with ${target.provider}/…`
      : `let callers use ${target.provider}/…, or list the models`;
  notes.changed(source.placeOf([...deployment.path, "model_name"]), `model_name ${name}`, why, instead);
}

/** LiteLLM draws by `weight`, else by `rpm`, else by `tpm`. */
function weightOf(params: Fields, deployment: Deployment, notes: Notebook): number | null {
  for (const key of ["rpm", "tpm"]) {
    if (params[key] === undefined) continue;
    const why = `limits are kept for callers, not for targets; it only gives the target's share of calls (\`weight\`)`;
    notes.changed(
      deployment.place(key),
      key,
      why,
      "set `limits` of applications or of `ai`; a provider's own 429 leads to the next target",
    );
  }
  return numberOf(params.weight) ?? numberOf(params.rpm) ?? numberOf(params.tpm);
}

function timeoutsOf(params: Fields, deployment: Deployment, notes: Notebook): TimeoutsPart {
  const totalS = numberOf(params.timeout);
  const streamS = numberOf(params.stream_timeout);
  if (streamS !== null) {
    const why = "streams have no timeout of their own: it is the longest wait for the first byte of any answer";
    notes.changed(deployment.place("stream_timeout"), "stream_timeout", why, "adjust `timeouts.first_byte`");
  }
  return {
    ...(streamS === null ? {} : { first_byte: duration(streamS * 1000) }),
    ...(totalS === null ? {} : { total: duration(totalS * 1000) }),
  };
}

function joined(group: ModelGroup, read: Read, { notes, source }: GroupContext): ModelGroup {
  const timeouts = { ...read.timeouts, ...group.timeouts };
  const differ = JSON.stringify(group.timeouts) !== JSON.stringify(read.timeouts) || group.attempts !== read.attempts;
  if (differ) {
    const why = "all targets of a model have the same; those of its first deployment were taken";
    notes.changed(
      source.placeOf(group.path),
      `timeouts and retries of ${group.name}`,
      why,
      "adjust the model's `timeouts` and `retries`",
    );
  }
  return {
    ...group,
    targets: [...group.targets, ...read.targets],
    timeouts,
    attempts: group.attempts ?? read.attempts,
  };
}

function noteOthers(entry: Fields, params: Fields, path: Path, { source, notes }: GroupContext): void {
  for (const key of Object.keys(params)) {
    if (READ.has(key)) continue;
    const place = source.placeOfKey([...path, "litellm_params", key]);
    if (DEFAULTS_OF_CALLS.has(key))
      notes.leftOut(place, key, "the gateway adds no parameters to calls", "let callers send it");
    else if (/^(?:input|output)_cost_per_/.test(key))
      notes.leftOut(place, key, "prices are those of the built-in price list", "nothing");
    else if (/^aws_|^vertex_|^azure_|region|tenant|client_/.test(key)) {
      notes.leftOut(
        place,
        key,
        "providers are called with a key, not with a cloud's credentials",
        "use a key of the provider",
      );
    } else
      notes.leftOut(place, key, "it has no counterpart", "see `providers` and `models` in the configuration reference");
  }
  for (const key of Object.keys(entry)) {
    if (key === "model_name" || key === "litellm_params") continue;
    const place = source.placeOfKey([...path, key]);
    const why =
      key === "model_info" ? "what a model can do and costs is known from the built-in list" : "it has no counterpart";
    notes.leftOut(place, key, why, "nothing");
  }
}

import { GatewayError } from "../../../../contracts/errors.ts";
import type { StoredEndpoint } from "../../../../contracts/provider-endpoints.ts";
import { isObject, type JsonObject } from "../../../../dialects/checks.ts";
import { responsesMadeFiles } from "../../../../dialects/openai-responses/passthrough.ts";
import { AnswerIds } from "./answer-ids.ts";
import type { AnswerSource, ObjectIds, StoredObject } from "./object-ids.ts";

/** The label by which batches of an application are known in a provider's list. */
const OWNER_LABEL = "tidegate_owner";
/** Of the API. */
const MAX_LABELS = 16;
const FILE_TAG = /^tg-([0-9a-f]{16})-/;

/** Of a batch: ids of what it was made from, and of what is made for it. */
const RELATED = ["input_file_id", "output_file_id", "error_file_id"];
const PREVIOUS = "previous_response_id";

/** What providers keep for one application, as it is to see it: ids of its own, and nothing of what marks it. */
export class StoredObjects {
  readonly #ids: ObjectIds;
  readonly #application: string;

  constructor(ids: ObjectIds, application: string) {
    this.#ids = ids;
    this.#application = application;
  }

  /** Throws `object_not_found`: nobody is told whether somebody else has it. */
  find(id: unknown, param: string): StoredObject {
    if (typeof id !== "string" || id === "") {
      throw new GatewayError("invalid_request", `\`${param}\` must be the id of an object`, { param });
    }
    const found = this.#ids.decode(this.#application, id);
    if (found !== null) return found;
    throw new GatewayError(
      "object_not_found",
      `\`${param}\` is \`${id.slice(0, 200)}\`, and this application has none of that id: use the ids that the gateway has given`,
      { param },
    );
  }

  /** Ids of the events of an answer that is kept, which the caller names `given`. */
  namesOf({ id, ...from }: StoredObject, given: string): AnswerIds {
    const wanted = { isKept: true, previous: from.before > 0, made: responsesMadeFiles };
    return new AnswerIds(this.#ids, this.#application, from, [[id, given]], wanted);
  }

  /** The beginning of a file's name at the provider. */
  get fileTag(): string {
    return `tg-${this.#ids.ownerTags(this.#application)[0]}-`;
  }

  /** A new batch's labels. Throws `invalid_request`. */
  labels(metadata: unknown): JsonObject {
    const given = isObject(metadata) ? metadata : {};
    if (given[OWNER_LABEL] !== undefined) {
      throw new GatewayError("invalid_request", `\`metadata.${OWNER_LABEL}\` is the gateway's own`, {
        param: "metadata",
      });
    }
    if (Object.keys(given).length >= MAX_LABELS) {
      const problem = `\`metadata\` may hold ${MAX_LABELS - 1} pairs here: one is the gateway's own`;
      throw new GatewayError("invalid_request", problem, { param: "metadata" });
    }
    return { ...given, [OWNER_LABEL]: this.#ids.ownerTags(this.#application)[0] };
  }

  /** Whether an object of a list is this application's. */
  owns(endpoint: StoredEndpoint, object: unknown): object is JsonObject {
    if (!isObject(object)) return false;
    const tags = this.#ids.ownerTags(this.#application);
    if (endpoint === "files") {
      const tag = typeof object.filename === "string" ? FILE_TAG.exec(object.filename)?.[1] : undefined;
      return tag !== undefined && tags.includes(tag);
    }
    const label = isObject(object.metadata) ? object.metadata[OWNER_LABEL] : undefined;
    return typeof label === "string" && tags.includes(label);
  }

  /** `from`: where the provider's answer comes from. What an answer goes on from has an id of the caller's if that was given it before. */
  outward(object: Readonly<JsonObject>, { before, ...keeper }: AnswerSource): JsonObject {
    const seen: JsonObject = { ...object };
    const rename = (name: string, ofBefore: number) => {
      const id = seen[name];
      if (typeof id !== "string" || id === "") return;
      seen[name] = this.#ids.encode(this.#application, { ...keeper, id, before: ofBefore });
    };
    rename("id", before);
    if (object.object === "batch") for (const name of RELATED) rename(name, 0);
    if (before > 0) rename(PREVIOUS, before - 1);
    if (Array.isArray(seen.output)) {
      const made = new Map(
        responsesMadeFiles
          .find(object)
          .map((id) => [id, this.#ids.encode(this.#application, { ...keeper, id, before: 0 })]),
      );
      if (made.size > 0) seen.output = seen.output.map((item) => withFiles(item, made));
    }
    if (typeof seen.filename === "string") seen.filename = seen.filename.replace(FILE_TAG, "");
    if (isObject(seen.metadata)) {
      const { [OWNER_LABEL]: _owner, ...metadata } = seen.metadata;
      seen.metadata = Object.keys(metadata).length === 0 && object.object === "batch" ? null : metadata;
    }
    return seen;
  }
}

/** An item of a kept answer, whose texts name files. */
function withFiles(item: unknown, names: ReadonlyMap<string, string>): unknown {
  if (!isObject(item) || !Array.isArray(item.content)) return item;
  const named = (annotation: unknown) => {
    const name = isObject(annotation) ? names.get(String(annotation.file_id)) : undefined;
    return name === undefined ? annotation : { ...(annotation as JsonObject), file_id: name };
  };
  const content = item.content.map((part: unknown) =>
    isObject(part) && Array.isArray(part.annotations) ? { ...part, annotations: part.annotations.map(named) } : part,
  );
  return { ...item, content };
}

import { createHash, createHmac } from "node:crypto";
import { SignedPayloads } from "../../signed-payloads.ts";

/** What a provider keeps, as its callers are to name it. */
export interface StoredObject {
  provider: string;
  /** Of the key it was made with: another account does not have it. */
  keyTag: string;
  /** The provider's own id. */
  id: string;
  /**
   * Of an answer: how many there are before it, each the one that the next goes on from, whose ids the application has had. With 0 it
   * may go on from one, but from which the application had elsewhere.
   */
  before: number;
}

/** Where an answer comes from; `before` is its own. */
export type AnswerSource = Omit<StoredObject, "id">;

/** In each of the ids, after what the provider's own begin with. */
export const ID_MARK = "tg1_";
const MAC_BYTES = 12;
const TAG_LENGTH = 16;

/**
 * Ids that say which provider keeps an object and hold for one application alone: `file-tg1_…`. They are signed with the master
 * key, and are the same each time. Nothing is kept of them: whoever has the master key can read them.
 */
export class ObjectIds {
  readonly #payloads: SignedPayloads;

  /** `masterKeys`: as for `SignedPayloads`. */
  constructor(masterKeys: () => readonly Buffer[]) {
    this.#payloads = new SignedPayloads(masterKeys, "tidegate object ids", MAC_BYTES);
  }

  encode(application: string, { provider, keyTag, id, before }: StoredObject): string {
    const payload = Buffer.from([provider, keyTag, id, ...(before === 0 ? [] : [before])].join("\n"));
    return `${prefixOf(id)}${ID_MARK}${this.#payloads.sign(ownerOf(application), payload).toString("base64url")}`;
  }

  /** null: it is none, or another application's. */
  decode(application: string, text: string): StoredObject | null {
    const at = text.indexOf(ID_MARK);
    if (at < 0) return null;
    const bytes = Buffer.from(text.slice(at + ID_MARK.length), "base64url");
    const payload = this.#payloads.open(ownerOf(application), bytes);
    if (payload === null) return null;
    const [provider = "", keyTag = "", id = "", before = "0"] = payload.toString().split("\n");
    // What signs nothing may be spelled in one way only: an application has few ids, and not as many as it likes.
    const isAsGiven =
      text.slice(0, at) === prefixOf(id) && bytes.toString("base64url") === text.slice(at + ID_MARK.length);
    return isAsGiven ? { provider, keyTag, id, before: Number(before) } : null;
  }

  /** Marks what is an application's where a provider lists what it keeps; the first one is for new objects. */
  ownerTags(application: string): readonly string[] {
    return this.#payloads.keys.map((key) =>
      createHmac("sha256", key).update(`owner\n${application}`).digest("hex").slice(0, TAG_LENGTH),
    );
  }
}

export function keyTagOf(keyId: string): string {
  return createHash("sha256").update(keyId).digest("hex").slice(0, 8);
}

function ownerOf(application: string): string {
  return `${application.length}\n${application}`;
}

/** `file-`, `batch_`: clients may look at it. */
function prefixOf(id: string): string {
  return /^[a-z]+[-_]/.exec(id)?.[0] ?? "";
}

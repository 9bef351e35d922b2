import { GatewayError } from "../../../../contracts/errors.ts";
import type { InboundName } from "../../../../dialects/index.ts";
import { skipSpace, stringEnd, type ValueSpan, valueEnd } from "../top-level-fields.ts";
import { ID_MARK } from "./object-ids.ts";

/** A file that a request names by an id of the gateway's form. The span is what is to be replaced by another id, within the quotes. */
export interface NamedFile extends ValueSpan {
  id: string;
  /** Where it stands, as callers write it: `messages[0].content[1].file.file_id`. */
  param: string;
}

interface FileFields {
  /** Top-level fields that files may be named in. */
  within: readonly string[];
  /** Members whose text, or whose list of texts, are files. */
  names: readonly string[];
  /** Members whose texts may be lists of files, as Qwen has them: `fileid://one,fileid://other`. */
  texts?: readonly string[];
  /** Members whose contents are the caller's own affair: arguments of tools, schemas, labels. */
  closed: readonly string[];
}

/** Cohere's and Bedrock's APIs have no ids of files. */
const FIELDS: Partial<Record<InboundName, FileFields>> = {
  // Chats, and images to be edited.
  openai: {
    within: ["messages", "images", "mask"],
    names: ["file_id"],
    texts: ["content"],
    closed: ["function"],
  },
  "openai-responses": {
    within: ["input", "tools", "prompt"],
    names: ["file_id", "file_ids"],
    closed: ["parameters", "arguments", "attributes", "filters", "action", "headers"],
  },
  anthropic: { within: ["messages"], names: ["file_id"], closed: ["input"] },
  gemini: {
    within: ["contents", "systemInstruction", "system_instruction", "content", "requests", "generateContentRequest"],
    names: ["fileUri", "file_uri"],
    closed: ["args", "response", "tools", "generationConfig"],
  },
};

/** No id is longer, nor the address of one. */
const MAX_ID_LENGTH = 4096;
/** An id, also at the end of the address that Gemini's clients make of one. */
const ID = /^(?:\S*\/)?((?:[a-z]{1,32}[-_])?tg1_[\w-]*)$/;
/** Slashes may be escaped, as PHP writes them. */
const LISTED = /fileid:(?:\\?\/){2}/y;
const LISTED_ID = /fileid:(?:\\?\/){2}((?:[a-z]{1,32}[-_])?tg1_[\w-]+)/g;
/** No request has use for more, and each is work. */
const MAX_FILES = 1_000;
const NONE: readonly NamedFile[] = [];
/** Of a member's name in a path: those of the APIs are shorter, and a path is kept for each file. */
const MAX_NAME_LENGTH = 64;
/** Nothing that a request means stands deeper. */
const MAX_DEPTH = 64;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** One object or list that the search is within. */
interface Level {
  isList: boolean;
  /** Where the name of the member that it is at stands, quotes included. */
  nameStart: number;
  nameEnd: number;
  index: number;
}

/**
 * Finds them without building objects, so that the body stays as it is byte for byte. What is no JSON gives what was found up to there:
 * whoever parses it says so. Names are those of the API as they are: nobody writes them with escapes. Throws `invalid_request` where more than
 * a thousand are named.
 */
export function findNamedFiles(body: Buffer, inbound: InboundName): readonly NamedFile[] {
  const fields = FIELDS[inbound];
  if (fields === undefined || !body.includes(ID_MARK)) return NONE;
  // One character per byte, so that places are those of the bytes.
  return new Search(body.toString("latin1"), fields).run();
}

/** One search. A body may be long, and what it holds many: nothing is made of what can't be an id. */
class Search {
  readonly #text: string;
  readonly #fields: FileFields;
  /** Those from `#depth` on are over. */
  readonly #levels: Level[] = [];
  #depth = 0;
  readonly #found: NamedFile[] = [];
  /** Of the next id there may be; -1: there is none. */
  #mark: number;

  constructor(text: string, fields: FileFields) {
    this.#text = text;
    this.#fields = fields;
    this.#mark = text.indexOf(ID_MARK);
  }

  run(): readonly NamedFile[] {
    const text = this.#text;
    let level: Level | undefined;
    let at = 0;
    while (at >= 0 && at < text.length && this.#mark >= 0) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        const end = stringEnd(text, at);
        if (end < 0 || level === undefined) break;
        at = this.#passText(at, end, level);
      } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        if (this.#isOpen(level)) {
          level = this.#enter(code === OPEN_BRACKET);
          at++;
        } else at = valueEnd(text, at);
      } else {
        if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
          if (this.#depth > 0) this.#depth--;
          level = this.#depth === 0 ? undefined : this.#levels[this.#depth - 1];
        } else if (code === COMMA && level !== undefined) level.index++;
        at++;
      }
    }
    return this.#found;
  }

  #enter(isList: boolean): Level {
    const depth = this.#depth++;
    const level = this.#levels[depth] ?? { isList, nameStart: 0, nameEnd: 0, index: 0 };
    this.#levels[depth] = level;
    level.isList = isList;
    level.nameStart = level.nameEnd = level.index = 0;
    return level;
  }

  /** A name, or a value. Where to go on. */
  #passText(at: number, end: number, level: Level): number {
    if (!level.isList) {
      const colon = skipSpace(this.#text, end);
      if (this.#text.charCodeAt(colon) === COLON) {
        level.nameStart = at;
        level.nameEnd = end;
        return colon + 1;
      }
    }
    if (this.#mark < at) this.#mark = this.#text.indexOf(ID_MARK, at);
    if (this.#mark >= at && this.#mark < end && this.#depth > 1) this.#take(at, end);
    return end;
  }

  /** Whether what begins here is looked into. */
  #isOpen(level: Level | undefined): boolean {
    if (level === undefined) return true;
    if (level.isList) return this.#depth < MAX_DEPTH;
    if (this.#depth === 1) return this.#isNamed(level, this.#fields.within);
    return this.#depth < MAX_DEPTH && !this.#isNamed(level, this.#fields.closed);
  }

  /** Whether the member that a level is at has one of these names. */
  #isNamed({ nameStart, nameEnd }: Level, names: readonly string[]): boolean {
    for (const name of names) {
      if (nameEnd - nameStart - 2 === name.length && this.#text.startsWith(name, nameStart + 1)) return true;
    }
    return false;
  }

  /** What is named in the string from `at` to `end`, quotes included. */
  #take(at: number, end: number): void {
    const { names, texts } = this.#fields;
    const text = this.#text;
    const member = this.#member();
    const [start, innerEnd] = [at + 1, end - 1];
    if (this.#isNamed(member, names)) {
      const id = end - at > MAX_ID_LENGTH ? undefined : ID.exec(textOf(text, at, end))?.[1];
      if (id !== undefined) this.#add({ start, end: innerEnd, id, param: this.#path() });
      return;
    }
    if (texts === undefined || !this.#isNamed(member, texts)) return;
    LISTED.lastIndex = start;
    if (!LISTED.test(text)) return;
    const param = this.#path();
    for (const { 0: listed, index, 1: id = "" } of text.slice(start, innerEnd).matchAll(LISTED_ID)) {
      const endOfId = start + index + listed.length;
      this.#add({ start: endOfId - id.length, end: endOfId, id, param });
    }
  }

  #add(file: NamedFile): void {
    if (this.#found.length === MAX_FILES) {
      const { param } = file;
      throw new GatewayError(
        "invalid_request",
        `\`${param}\` names a file after ${MAX_FILES} others: name fewer in one request`,
        { param },
      );
    }
    this.#found.push(file);
  }

  /** The level with the member that a text is the value of, or in whose list it stands. */
  #member(): Level {
    const inner = this.#levels[this.#depth - 1] as Level;
    return inner.isList ? (this.#levels[this.#depth - 2] as Level) : inner;
  }

  #path(): string {
    const steps = this.#levels
      .slice(0, this.#depth)
      .map((level, at) => (level.isList ? `[${level.index}]` : `${at === 0 ? "" : "."}${this.#nameOf(level)}`));
    return steps.join("");
  }

  #nameOf({ nameStart, nameEnd }: Level): string {
    const start = nameStart + 1;
    if (nameEnd - 1 - start <= MAX_NAME_LENGTH) return textOf(this.#text, nameStart, nameEnd);
    return `${this.#text.slice(start, start + MAX_NAME_LENGTH)}…`;
  }
}

/** Of a JSON string; one that is none says nothing. */
function textOf(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1);
  if (!inner.includes("\\")) return inner;
  try {
    return JSON.parse(text.slice(start, end));
  } catch {
    return "";
  }
}

import type { InboundName } from "../../../../dialects/index.ts";
import { skipSpace, stringEnd, type ValueSpan, valueEnd } from "../top-level-fields.ts";
import { ID_MARK } from "./object-ids.ts";

/** A file that a request names by an id of the gateway's form. The span is that of the JSON string, quotes included. */
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
  /** Members whose contents are the caller's own affair: arguments of tools, schemas, labels. */
  closed: readonly string[];
}

/** Cohere's and Bedrock's APIs have no ids of files. */
const FIELDS: Partial<Record<InboundName, FileFields>> = {
  // Chats, and images to be edited.
  openai: { within: ["messages", "images", "mask"], names: ["file_id"], closed: ["function"] },
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
const ID = /^(?:\S*\/)?((?:[a-z]+[-_])?tg1_[\w-]*)$/;
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
  /** The member that it is at; "": none yet. */
  name: string;
  index: number;
}

/**
 * Finds them without building objects, so that the body stays as it is byte for byte. What is no JSON gives what was found up to there:
 * whoever parses it says so.
 */
export function findNamedFiles(body: Buffer, inbound: InboundName): readonly NamedFile[] {
  const fields = FIELDS[inbound];
  if (fields === undefined || !body.includes(ID_MARK)) return [];
  // One character per byte, so that places are those of the bytes.
  return search(body.toString("latin1"), fields);
}

function search(text: string, fields: FileFields): NamedFile[] {
  const found: NamedFile[] = [];
  const levels: Level[] = [];
  let at = 0;
  while (at < text.length) {
    const level = levels.at(-1);
    switch (text.charCodeAt(at)) {
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (isOpen(levels, fields)) {
          levels.push({ isList: text.charCodeAt(at) === OPEN_BRACKET, name: "", index: 0 });
          at++;
        } else at = valueEnd(text, at);
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        levels.pop();
        at++;
        break;
      case COMMA:
        if (level !== undefined) level.index++;
        at++;
        break;
      case QUOTE: {
        const end = stringEnd(text, at);
        if (end < 0 || level === undefined) return found;
        const colon = skipSpace(text, end);
        if (!level.isList && text.charCodeAt(colon) === COLON) {
          level.name = textOf(text, at, end);
          at = colon + 1;
          break;
        }
        const id = levels.length > 1 && fields.names.includes(memberOf(levels)) ? idOf(text, at, end) : null;
        if (id !== null) found.push({ start: at, end, id, param: pathOf(levels) });
        at = end;
        break;
      }
      default:
        at++;
    }
    if (at < 0) break;
  }
  return found;
}

/** Whether what begins here is looked into. */
function isOpen(levels: readonly Level[], { within, closed }: FileFields): boolean {
  const level = levels.at(-1);
  if (level === undefined) return true;
  if (levels.length === 1) return within.includes(level.name);
  return levels.length < MAX_DEPTH && (level.isList || !closed.includes(level.name));
}

/** The member that a text is the value of, or in whose list it stands. */
function memberOf(levels: readonly Level[]): string {
  const level = levels.at(-1) as Level;
  return level.isList ? (levels.at(-2)?.name ?? "") : level.name;
}

function idOf(text: string, start: number, end: number): string | null {
  if (end - start > MAX_ID_LENGTH || !text.slice(start, end).includes(ID_MARK)) return null;
  return ID.exec(textOf(text, start, end))?.[1] ?? null;
}

function pathOf(levels: readonly Level[]): string {
  return levels
    .map(({ isList, name, index }, at) => (isList ? `[${index}]` : `${at === 0 ? "" : "."}${name}`))
    .join("");
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

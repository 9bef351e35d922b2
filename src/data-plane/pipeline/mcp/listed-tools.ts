import { GatewayError } from "../../../contracts/errors.ts";
import { isObject } from "../../../dialects/checks.ts";
import { parseRawEvent, SseSplitter } from "../ai/sse-splitter.ts";
import type { ToolAccess } from "../policies/tool-access.ts";
import type { AnswerFilter } from "../rest/forwarding.ts";

/** The longest list, or event, that is looked through. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;
/** What no list of tools is without. */
const MARK = '"tools"';
const NOTHING = Buffer.alloc(0);

/** A list of tools without those that the caller may not use; anything else as it is. Null: nothing is to be changed. */
function withoutRefused(text: string, access: ToolAccess): string | null {
  if (!text.includes(MARK)) return null;
  const message: unknown = JSON.parse(text);
  const result = isObject(message) ? message.result : undefined;
  if (!isObject(message) || !isObject(result) || !Array.isArray(result.tools)) return null;
  const tools = result.tools.filter(
    (tool) => isObject(tool) && typeof tool.name === "string" && access.allows(tool.name),
  );
  if (tools.length === result.tools.length) return null;
  return JSON.stringify({ ...message, result: { ...result, tools } });
}

/** Of an answer in `application/json`, which is held whole. Throws what can't be looked through. */
export class ListedTools implements AnswerFilter {
  readonly #access: ToolAccess;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(access: ToolAccess) {
    this.#access = access;
  }

  push(chunk: Buffer): Buffer {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_HELD_BYTES) throw tooLong();
    this.#chunks.push(chunk);
    return NOTHING;
  }

  end(): Buffer {
    const whole = Buffer.concat(this.#chunks);
    const edited = readable(() => withoutRefused(whole.toString(), this.#access));
    return edited === null ? whole : Buffer.from(edited);
  }
}

/** Of a stream of events, of which each is looked through. Throws what can't be. */
export class StreamedTools implements AnswerFilter {
  readonly #access: ToolAccess;
  readonly #splitter = new SseSplitter(MAX_HELD_BYTES);

  constructor(access: ToolAccess) {
    this.#access = access;
  }

  push(chunk: Buffer): Buffer {
    const events: Buffer[] = [];
    if (!this.#splitter.push(chunk, (raw) => events.push(this.#edited(raw)))) throw tooLong();
    const [only = NOTHING] = events;
    return events.length < 2 ? only : Buffer.concat(events);
  }

  end(): Buffer {
    const { rest } = this.#splitter;
    return rest.length === 0 ? NOTHING : this.#edited(rest);
  }

  #edited(raw: Buffer): Buffer {
    if (!raw.includes(MARK)) return raw;
    const edited = readable(() => withoutRefused(parseRawEvent(raw).data, this.#access));
    if (edited === null) return raw;
    const others = raw
      .toString()
      .split(/\r?\n/)
      .filter((line) => line !== "" && !/^data(?::|$)/.test(line));
    return Buffer.from([...others, `data: ${edited}`, "", ""].join("\n"));
  }
}

function readable<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    const message = "the MCP server answered with something that is no JSON: its list of tools can't be looked through";
    throw new GatewayError("upstream_protocol_error", message, { cause: error });
  }
}

function tooLong(): GatewayError {
  return new GatewayError(
    "upstream_response_too_large",
    `the MCP server's list of tools is longer than the ${MAX_HELD_BYTES} bytes that are looked through`,
  );
}

import { createHash } from "node:crypto";
import { SignedPayloads } from "../signed-payloads.ts";

/** A session of an MCP server, as its caller is to name it. */
export interface McpSession {
  /** The server's own id. */
  id: string;
  /** Which target has made it: see `targetTag`. */
  target: string;
  /** Of the service; null: it has none. */
  release: number | null;
}

/** Whose it is. Application "": callers without one. */
export interface SessionOwner {
  service: string;
  application: string;
}

const MARK = "tg1_";
const MAC_BYTES = 16;
const TAG_LENGTH = 12;

/** What a server may call a session: visible ASCII (MCP specification 2025-11-25, basic/transports). Longer ones fit into no head. */
const SERVER_ID = /^[\x21-\x7e]{1,2048}$/;

/**
 * Ids of sessions that say which target has made them: any worker of any node finds it, and nothing is kept of them. They hold for
 * one application at one service, are signed with the master key, and are the same each time (decision 027).
 */
export class SessionIds {
  readonly #payloads: SignedPayloads;

  /** `masterKeys`: as for `SignedPayloads`. */
  constructor(masterKeys: () => readonly Buffer[]) {
    this.#payloads = new SignedPayloads(masterKeys, "tidegate mcp sessions", MAC_BYTES);
  }

  /** null: the server's id is none that a header can carry. */
  encode(owner: SessionOwner, { id, target, release }: McpSession): string | null {
    if (!SERVER_ID.test(id)) return null;
    const payload = Buffer.from([target, release ?? "", id].join("\n"));
    return MARK + this.#payloads.sign(textOf(owner), payload).toString("base64url");
  }

  /** null: it is none, or another application's, or another service's. */
  decode(owner: SessionOwner, text: string): McpSession | null {
    if (!text.startsWith(MARK)) return null;
    const payload = this.#payloads.open(textOf(owner), Buffer.from(text.slice(MARK.length), "base64url"));
    if (payload === null) return null;
    const [target = "", release = "", id = ""] = payload.toString().split("\n");
    return { id, target, release: release === "" ? null : Number(release) };
  }
}

/** Names a target in ids of sessions, by its `url` in the configuration: the same on every node, and nothing that tells where it is. */
export function targetTag(url: string): string {
  return createHash("sha256").update(url).digest("base64url").slice(0, TAG_LENGTH);
}

function textOf({ service, application }: SessionOwner): string {
  return `${service}\n${application}\n`;
}

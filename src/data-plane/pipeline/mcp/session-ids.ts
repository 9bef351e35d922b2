import { createHash, createHmac, timingSafeEqual } from "node:crypto";

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
  readonly #masterKeys: () => readonly Buffer[];
  #signingKeys: readonly Buffer[] | null = null;

  /** The first key signs; ids that were signed with the others are taken. Asked for when there is something to sign. */
  constructor(masterKeys: () => readonly Buffer[]) {
    this.#masterKeys = masterKeys;
  }

  /** null: the server's id is none that a header can carry. */
  encode(owner: SessionOwner, { id, target, release }: McpSession): string | null {
    if (!SERVER_ID.test(id)) return null;
    const payload = Buffer.from([target, release ?? "", id].join("\n"));
    const mac = macOf(this.#keys()[0] as Buffer, owner, payload);
    return MARK + Buffer.concat([mac, payload]).toString("base64url");
  }

  /** null: it is none, or another application's, or another service's. */
  decode(owner: SessionOwner, text: string): McpSession | null {
    if (!text.startsWith(MARK)) return null;
    const bytes = Buffer.from(text.slice(MARK.length), "base64url");
    const mac = bytes.subarray(0, MAC_BYTES);
    const payload = bytes.subarray(MAC_BYTES);
    const isSigned = (key: Buffer) => {
      const expected = macOf(key, owner, payload);
      return mac.length === expected.length && timingSafeEqual(mac, expected);
    };
    if (!this.#keys().some(isSigned)) return null;
    const [target = "", release = "", id = ""] = payload.toString().split("\n");
    return { id, target, release: release === "" ? null : Number(release) };
  }

  #keys(): readonly Buffer[] {
    this.#signingKeys ??= this.#masterKeys().map((key) =>
      createHmac("sha256", key).update("tidegate mcp sessions").digest(),
    );
    return this.#signingKeys;
  }
}

/** Names a target in ids of sessions, by its `url` in the configuration: the same on every node, and nothing that tells where it is. */
export function targetTag(url: string): string {
  return createHash("sha256").update(url).digest("base64url").slice(0, TAG_LENGTH);
}

function macOf(key: Buffer, { service, application }: SessionOwner, payload: Buffer): Buffer {
  const mac = createHmac("sha256", key).update(`${service}\n${application}\n`).update(payload);
  return mac.digest().subarray(0, MAC_BYTES);
}

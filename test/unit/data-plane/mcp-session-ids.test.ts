import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { SessionIds, targetTag } from "../../../src/data-plane/pipeline/mcp/session-ids.ts";

const owner = { service: "crm", application: "web" };
const session = { id: "the-server's-own", target: targetTag("http://127.0.0.1:9001/mcp"), release: 3 };

describe("ids of sessions", () => {
  it("are read by whoever has the master key, also after it was changed", () => {
    const [old, fresh] = [randomBytes(32), randomBytes(32)];
    const given = new SessionIds(() => [old]).encode(owner, session) ?? "";
    expect(new SessionIds(() => [old]).decode(owner, given)).toEqual(session);
    expect(new SessionIds(() => [fresh, old]).decode(owner, given)).toEqual(session);
    expect(new SessionIds(() => [fresh]).decode(owner, given)).toBeNull();
  });

  it("are one application's at one service", () => {
    const ids = new SessionIds(() => [randomBytes(32)]);
    const given = new SessionIds(() => [Buffer.alloc(32)]).encode(owner, { ...session, release: null }) ?? "";
    expect(new SessionIds(() => [Buffer.alloc(32)]).decode(owner, given)).toEqual({ ...session, release: null });
    for (const other of [
      { ...owner, application: "other" },
      { ...owner, service: "erp" },
      { service: "crm\nweb", application: "" },
    ]) {
      expect(new SessionIds(() => [Buffer.alloc(32)]).decode(other, given)).toBeNull();
    }
    expect(ids.decode(owner, "tg1_")).toBeNull();
  });

  it("are visible ASCII, say nothing of where the target is, and are not made of what is none", () => {
    const ids = new SessionIds(() => [Buffer.alloc(32)]);
    const given = ids.encode(owner, session) ?? "";
    expect(given).toMatch(/^tg1_[\w-]+$/);
    expect(Buffer.from(given.slice(4), "base64url").toString("latin1")).not.toContain("127.0.0.1");
    for (const id of ["", "two words", "line\nend", "x".repeat(2_049)])
      expect(ids.encode(owner, { ...session, id })).toBeNull();
  });
});

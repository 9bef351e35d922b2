import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ObjectIds } from "../../../src/data-plane/pipeline/ai/stored/object-ids.ts";

const old = randomBytes(32);
const FILE = { provider: "openai", keyTag: "0a1b2c3d", id: "file-abc", before: 0 };

describe("ObjectIds", () => {
  it("are the same each time, and on every node with the same key", () => {
    const [one, other] = [new ObjectIds(() => [old]), new ObjectIds(() => [Buffer.from(old)])];
    expect(one.encode("web", FILE)).toBe(other.encode("web", FILE));
    expect(other.decode("web", one.encode("web", FILE))).toEqual(FILE);
  });

  it("outlive the key they were signed with, while that is kept", () => {
    const id = new ObjectIds(() => [old]).encode("web", FILE);
    const rotated = new ObjectIds(() => [randomBytes(32), old]);
    expect(rotated.decode("web", id)).toEqual(FILE);
    expect(rotated.ownerTags("web")).toHaveLength(2);
    expect(new ObjectIds(() => [randomBytes(32)]).decode("web", id)).toBe(null);
  });

  it("hold for one application", () => {
    const ids = new ObjectIds(() => [old]);
    expect(ids.decode("other", ids.encode("web", FILE))).toBe(null);
    expect(ids.ownerTags("other")).not.toEqual(ids.ownerTags("web"));
  });

  it("have one spelling each: an application has as many as it was given", () => {
    const ids = new ObjectIds(() => [old]);
    const id = ids.encode("web", FILE);
    for (const other of [`x${id}`, `batch_${id.slice(5)}`, id.slice(5), `${id}=`, `${id}-`]) {
      expect([other, ids.decode("web", other)]).toEqual([other, null]);
    }
  });

  it("say how many answers before one are the application's", () => {
    const ids = new ObjectIds(() => [old]);
    const answer = { ...FILE, id: "resp_1", before: 12 };
    expect(ids.decode("web", ids.encode("web", answer))).toEqual(answer);
  });

  it.each(["", "file-abc", "file-tg1_", "file-tg1_AAAA", "tg1_!!"])("%j is none", (text) => {
    expect(new ObjectIds(() => [old]).decode("web", text)).toBe(null);
  });
});

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  keyId,
  loadSealer,
  MASTER_KEY_FILE,
  parseKeys,
  replaceKeyFile,
  SealError,
  Sealer,
} from "../../../src/platform/seal.ts";

const KEY = randomBytes(32);
const SECRET = "canary secret";

describe("a sealed secret", () => {
  const sealer = new Sealer([KEY]);

  it("opens to what it was, whatever that was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (secret, purpose) => {
        expect(sealer.open(sealer.seal(secret, purpose), purpose)).toBe(secret);
      }),
    );
  });

  it("is another one each time, and shows nothing", () => {
    const [one, two] = [sealer.seal(SECRET, "p"), sealer.seal(SECRET, "p")];
    expect(one).not.toBe(two);
    expect(one).not.toContain("canary");
  });

  it("is refused when any byte of it was altered, or it was cut", () => {
    const [prefix, id, data = ""] = sealer.seal(SECRET, "p").split(".");
    const bytes = Buffer.from(data, "base64url");
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 1;
      const text = `${prefix}.${id}.${altered.toString("base64url")}`;
      expect(() => sealer.open(text, "p")).toThrow(SealError);
      expect(() => sealer.open(`${prefix}.${id}.${bytes.subarray(0, at).toString("base64url")}`, "p")).toThrow(
        SealError,
      );
    }
  });

  it("is refused for another purpose, and says nothing of the secret", () => {
    const text = sealer.seal(SECRET, "idempotency");
    expect(() => sealer.open(text, "provider key")).toThrow("was altered, or belongs elsewhere");
    try {
      sealer.open(text, "provider key");
    } catch (error) {
      expect(String(error)).not.toContain("canary");
    }
  });

  it.each(["", "sealed1", "sealed1.x", "sealed2.a.b", "sealed1.a.b.c", "plain text"])("is not `%s`", (text) => {
    expect(() => sealer.open(text, "p")).toThrow(SealError);
  });

  it("opens with a key that is no longer the first, and is due to be sealed again", () => {
    const old = sealer.seal(SECRET, "p");
    const rotated = new Sealer([randomBytes(32), KEY]);
    expect(rotated.open(old, "p")).toBe(SECRET);
    expect([rotated.isOutdated(old), rotated.isOutdated(rotated.seal(SECRET, "p"))]).toEqual([true, false]);
    expect(() => new Sealer([randomBytes(32)]).open(old, "p")).toThrow(/the master key [0-9a-f]{8} is missing/);
    expect(() => sealer.open(rotated.seal(SECRET, "p"), "p")).toThrow("is missing");
  });
});

describe("master keys", () => {
  it("are base64, base64url or hex, one or several", () => {
    const forms = [
      KEY.toString("base64"),
      KEY.toString("base64url"),
      KEY.toString("hex"),
      KEY.toString("hex").toUpperCase(),
    ];
    for (const form of forms) expect(parseKeys(form, "x")).toEqual([KEY]);
    const other = randomBytes(32);
    expect(parseKeys(` ${KEY.toString("hex")},\n${other.toString("base64")} `, "x")).toEqual([KEY, other]);
  });

  it("bug: a key that was mistyped was taken for another one", () => {
    const text = KEY.toString("base64");
    for (const mistyped of [
      `${text.slice(0, 10)}!${text.slice(10)}`,
      `${text}==`,
      text.slice(0, 40),
      `0${KEY.toString("hex")}`,
    ]) {
      expect(() => parseKeys(`${KEY.toString("hex")},${mistyped}`, "TIDEGATE_MASTER_KEY")).toThrow(
        "TIDEGATE_MASTER_KEY: key 2 is not 32 bytes in base64 or hex",
      );
    }
  });

  it("never come into the message", () => {
    expect(() => parseKeys("canary-key", "x")).toThrow(/^x: key 1 is not 32 bytes/);
    expect(() => parseKeys("canary-key", "x")).not.toThrow(/canary/);
  });
});

describe("the key file", () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "tidegate-seal-"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it("is made once, for its owner alone, and used from then on", () => {
    const text = loadSealer(home, {}).seal(SECRET, "p");
    expect(statSync(join(home, MASTER_KEY_FILE)).mode & 0o777).toBe(0o600);
    expect(loadSealer(home, {}).open(text, "p")).toBe(SECRET);
    expect(readdirSync(home)).toEqual([MASTER_KEY_FILE]);
  });

  it("is not made, nor read, when the environment has the key", () => {
    const env = { TIDEGATE_MASTER_KEY: KEY.toString("hex") };
    expect(loadSealer(home, env).open(new Sealer([KEY]).seal(SECRET, "p"), "p")).toBe(SECRET);
    expect(readdirSync(home)).toEqual([]);
  });

  it("is read again for what was sealed with a key that it has got since, which seals from then on", () => {
    const sealer = loadSealer(home, {});
    const before = sealer.seal(SECRET, "p");
    const [old = ""] = readFileSync(join(home, MASTER_KEY_FILE), "utf8").split("\n");
    const next = randomBytes(32);
    replaceKeyFile(join(home, MASTER_KEY_FILE), [next, ...parseKeys(old, "")]);
    expect(sealer.open(new Sealer([next]).seal("another", "p"), "p")).toBe("another");
    expect(sealer.open(before, "p")).toBe(SECRET);
    expect([sealer.keyId, sealer.isOutdated(before)]).toEqual([keyId(next), true]);
    // One that is nowhere is not looked for each time, and a file that is gone takes no key away.
    rmSync(join(home, MASTER_KEY_FILE));
    expect(() => sealer.open(new Sealer([KEY]).seal("third", "p"), "p")).toThrow(`${keyId(KEY)} is missing`);
    expect(sealer.open(before, "p")).toBe(SECRET);
  });

  it("names itself when there is no key in it", () => {
    writeFileSync(join(home, MASTER_KEY_FILE), "\n");
    expect(() => loadSealer(home, {})).toThrow(`${join(home, MASTER_KEY_FILE)}: there is no key in it`);
    expect(() => loadSealer(home, { TIDEGATE_MASTER_KEY: "," })).toThrow("TIDEGATE_MASTER_KEY: there is no key in it");
  });

  it("is the same for processes that start at once", async () => {
    const seal = fileURLToPath(new URL("../../../src/platform/seal.ts", import.meta.url));
    // Types are stripped here: Node 20 can't read them.
    const { stripTypeScriptTypes } = await import("./strip-types.ts");
    const script = join(home, "seal.mjs");
    writeFileSync(script, stripTypeScriptTypes(readFileSync(seal, "utf8")));
    const code = `import { loadSealer } from ${JSON.stringify(script)}; console.log(loadSealer(process.argv[1], {}).seal("x", "p"));`;
    const directory = mkdtempSync(join(home, "data-"));
    const start = () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", code, directory]);
    const texts = (await Promise.all(Array.from({ length: 5 }, start))).map(({ stdout }) => stdout.trim());
    expect(new Set(texts.map((text) => text.split(".")[1])).size).toBe(1);
    for (const text of texts) expect(loadSealer(directory, {}).open(text, "p")).toBe("x");
    expect(readdirSync(directory)).toEqual([MASTER_KEY_FILE]);
  });
});

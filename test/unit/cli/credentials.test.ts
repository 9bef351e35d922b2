import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/bootstrap/exit-codes.ts";
import { CredentialsFile, credentialsPath } from "../../../src/cli/admin/credentials.ts";
import { isInTheClear, parseServerUrl, serverUrl } from "../../../src/cli/admin/server.ts";

const ONE = { token: "tgp_one", token_id: "1", email: "a@example.org", expires_at: "2027-01-01T00:00:00Z" };
const TWO = { ...ONE, token: "tgp_two", token_id: "2" };

let home: string;
let file: CredentialsFile;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "tidegate-credentials-"));
  file = new CredentialsFile(credentialsPath({ HOME: home }));
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

describe("the credentials file", () => {
  it("keeps a token for each server, for its owner alone", () => {
    expect(file.find("http://one")).toBeNull();
    file.save("http://one", ONE);
    file.save("http://two", TWO);
    expect(file.path).toBe(join(home, ".config/tidegate/credentials.json"));
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(file.path, "..")).mode & 0o777).toBe(0o700);
    expect(file.find("http://one")).toEqual(ONE);
    expect(file.current).toBe("http://two");
  });

  it("makes a file that others could read its owner's again when it writes", () => {
    file.save("http://one", ONE);
    writeFileSync(file.path, readFileSync(file.path), { mode: 0o644 });
    file.save("http://two", TWO);
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
  });

  it("forgets a server, and goes to another one then", () => {
    file.save("http://one", ONE);
    file.save("http://two", TWO);
    file.forget("http://two");
    expect(file.find("http://two")).toBeNull();
    expect(file.current).toBe("http://one");
    expect(readFileSync(file.path, "utf8")).not.toContain("tgp_two");
  });

  it("says what to do with a file that is not its own, without repeating it", () => {
    file.save("http://one", ONE);
    writeFileSync(file.path, '{"token": "tgp_canary"');
    expect(() => file.find("http://one")).toThrow(/remove it, and sign in again/);
    expect(() => file.find("http://one")).not.toThrow(/canary/);
  });

  it("lies below XDG_CONFIG_HOME where that is set", () => {
    expect(credentialsPath({ HOME: home, XDG_CONFIG_HOME: "/elsewhere" })).toBe("/elsewhere/tidegate/credentials.json");
  });
});

describe("the server", () => {
  it("is what is given, then what the environment says, then where one signed in last, then this machine", () => {
    const env = { HOME: home, TIDEGATE_ADMIN_HOST: "0.0.0.0", TIDEGATE_ADMIN_PORT: "9999" };
    expect(serverUrl(undefined, env, file)).toBe("http://127.0.0.1:9999");
    file.save("http://one", ONE);
    expect(serverUrl(undefined, env, file)).toBe("http://one");
    const named = { ...env, TIDEGATE_ADMIN_URL: "https://two.example/" };
    expect(serverUrl(undefined, named, file)).toBe("https://two.example");
    expect(serverUrl("http://three:1", named, file)).toBe("http://three:1");
  });

  it.each([
    ["http://h:9080/api/v1/", "http://h:9080"],
    ["http://h:9080/api/docs", "http://h:9080"],
    ["https://h/tidegate/", "https://h/tidegate"],
  ])("is the same whatever of the API is pasted: %s", (given, url) => {
    expect(parseServerUrl(given, "--url")).toBe(url);
  });

  it.each(["localhost:9080", "ftp://h", "http://", "http://me:canary@h", "http://h?token=canary"])(
    "is not %s",
    (given) => {
      try {
        parseServerUrl(given, "--url");
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ exitCode: EXIT.usage, message: expect.stringMatching(/^--url: /) });
        expect(String(error)).not.toContain("canary");
      }
    },
  );

  it("is in the clear where others may listen", () => {
    expect(isInTheClear("http://127.0.0.1:9080")).toBe(false);
    expect(isInTheClear("http://[::1]:9080")).toBe(false);
    expect(isInTheClear("https://tidegate.example")).toBe(false);
    expect(isInTheClear("http://tidegate.example")).toBe(true);
    expect(isInTheClear("http://127.0.0.1.example")).toBe(true);
  });
});

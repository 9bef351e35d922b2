import { expect, it } from "vitest";
import { VerifiedTokens } from "../../../src/data-plane/pipeline/credentials/verified-tokens.ts";

const token = { credential: null, forwards: false };
const MINUTE_MS = 60_000;

it("a token is known until it expires, and for five minutes at most", () => {
  const tokens = new VerifiedTokens();
  tokens.add("short", token, 1000, 0);
  tokens.add("long", token, Number.POSITIVE_INFINITY, 0);
  expect(tokens.get("short", 999)).toEqual({ ...token, untilMs: 1000, expiresAtMs: 1000 });
  expect(tokens.get("short", 1000)).toBeNull();
  expect(tokens.get("long", 5 * MINUTE_MS - 1)).not.toBeNull();
  expect(tokens.get("long", 5 * MINUTE_MS)).toBeNull();
  expect(tokens.get("never seen", 0)).toBeNull();
});

it("ten thousand are kept: those that were used last", () => {
  const tokens = new VerifiedTokens();
  tokens.add("used", token, Number.POSITIVE_INFINITY, 0);
  tokens.add("not used", token, Number.POSITIVE_INFINITY, 0);
  for (let i = 0; i < 9_999; i++) {
    tokens.add(`token ${i}`, token, Number.POSITIVE_INFINITY, 0);
    expect(tokens.get("used", 1)).not.toBeNull();
  }
  expect(tokens.get("not used", 1)).toBeNull();
  expect(tokens.get("token 0", 1)).not.toBeNull();
});

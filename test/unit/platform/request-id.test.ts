import { expect, it } from "vitest";
import { createRequestIds } from "../../../src/platform/request-id.ts";

it("gives ids that are unique and sort by time", () => {
  const next = createRequestIds();
  const ids = Array.from({ length: 5000 }, (_, index) => next(1_760_000_000_000 + Math.floor(index / 10)));
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
});

it("differs between processes", () => {
  expect(createRequestIds()(1).slice(10, 20)).not.toBe(createRequestIds()(1).slice(10, 20));
});

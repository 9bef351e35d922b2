import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createClientAddressResolver } from "../../../src/data-plane/acceptor/client-address.ts";
import { checkRequestHead } from "../../../src/data-plane/acceptor/engines/uws/request-head.ts";
import { runs } from "../../helpers/property-runs.ts";

const headers = fc
  .array(
    fc.tuple(
      fc.constantFrom("host", "content-length", "transfer-encoding", "x-a", "x b", "x(", "cookie"),
      fc.constantFrom(
        "a",
        "5",
        "0",
        "chunked",
        "",
        "a, b",
        "é",
        "x\u0001",
        "\ufffd",
        "5 5",
        "-1",
        "007",
        "a:80",
        "[::1]:80",
      ),
    ),
    { maxLength: 5 },
  )
  .map((fields) => fields.filter(([name], i) => name !== "transfer-encoding" || i % 2 === 0));

const MAX_BYTES = 16_384;

describe("the check of a request head", () => {
  it("lets in only what has one reading", () => {
    fc.assert(
      fc.property(headers, (fields) => {
        const head = checkRequestHead("POST", "/", "", fields.flat(), MAX_BYTES);
        const values = (name: string) => fields.filter(([other]) => other === name).map(([, value]) => value);
        const lengths = values("content-length");
        const hosts = values("host");
        if (values("transfer-encoding").length > 0) expect(head.refusal?.status).toBe(411);
        if (head.refusal !== null) return;
        expect(values("transfer-encoding")).toEqual([]);
        expect(hosts).toHaveLength(1);
        expect(lengths.length).toBeLessThanOrEqual(1);
        for (const length of lengths) expect(length).toMatch(/^\d+$/);
        expect(head.contentLength).toBe(Number(lengths[0] ?? 0));
        for (const [name, value] of fields) {
          expect(name).toMatch(/^[\w-]+$/);
          const forbidden = (code: number) => (code < 32 && code !== 9) || code === 127 || code === 0xfffd;
          expect([...value].filter((character) => forbidden(character.charCodeAt(0)))).toEqual([]);
        }
      }),
      { numRuns: runs(2000) },
    );
  });

  it("lets in every ordinary head", () => {
    const token = fc
      .stringMatching(/^[a-z][a-z0-9-]{0,10}$/)
      .filter((name) => !/^(host|content-length|transfer-encoding)$/.test(name));
    const value = fc.string({ maxLength: 20 }).map((text) => text.trim());
    fc.assert(
      fc.property(fc.array(fc.tuple(token, value), { maxLength: 10 }), fc.nat(10_000_000), (fields, length) => {
        const all = [["host", "Example.ORG:8080"], ["content-length", String(length)], ...fields];
        const head = checkRequestHead("POST", "/a/b", "c=d", all.flat(), MAX_BYTES);
        expect(head).toEqual({ refusal: null, host: "example.org", contentLength: length });
      }),
    );
  });

  it("lets in only paths that no one resolves to another one", () => {
    const piece = fc.constantFrom(
      "/",
      "/",
      ".",
      "..",
      "%2e",
      "%2E",
      "\\",
      "%5c",
      "a",
      "%2f",
      "#",
      "?",
      ";",
      "%",
      "é",
      " ",
      "…",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const path = `/${pieces.join("").replaceAll("?", "")}`;
        const { refusal } = checkRequestHead("GET", path, "", ["host", "a"], MAX_BYTES);
        if (refusal === null) expect(new URL(`http://a${path}`).pathname).toBe(path);
      }),
      { numRuns: runs(3000) },
    );
  });

  it("counts the head against its limit", () => {
    fc.assert(
      fc.property(fc.nat(300), (length) => {
        const { refusal } = checkRequestHead("GET", "/", "", ["host", "a", "x-a", "b".repeat(length)], 200);
        const bytes = `GET / HTTP/1.1\r\nhost: a\r\nx-a: ${"b".repeat(length)}\r\n`.length;
        if (bytes > 210) expect(refusal?.code).toBe("header_too_large");
        if (bytes < 190) expect(refusal).toBeNull();
      }),
    );
  });
});

describe("the caller's address", () => {
  const resolver = createClientAddressResolver(["10.0.0.0/8", "2001:db8:1::/48"]);
  const trusted = fc.constantFrom("10.0.0.1", "10.255.0.9", "2001:db8:1::5", "::ffff:10.1.2.3");
  const foreign = fc.constantFrom("203.0.113.7", "2001:db8::7", "11.0.0.1", "127.0.0.1");
  const anything = fc.oneof(
    trusted,
    foreign,
    fc.constantFrom("unknown", "_x", "", "10.0.0.1, 10.0.0.2", "for=1.1.1.1", '"'),
  );
  const resolve = (forwardedFor: string | undefined) =>
    resolver.resolve("10.0.0.1", { forwarded: undefined, forwardedFor, forwardedProto: undefined }).address;

  it("does not depend on what stands to the left of the first foreign address", () => {
    fc.assert(
      fc.property(
        fc.array(anything, { maxLength: 4 }),
        foreign,
        fc.array(trusted, { maxLength: 3 }),
        (forged, client, proxies) => {
          const honest = [client, ...proxies];
          expect(resolve([...forged, ...honest].join(", "))).toBe(client);
          const element = (hop: string) => `for="${hop.includes(":") ? `[${hop}]` : hop}"`;
          const forwarded = [...forged.map((hop) => `for=${hop}`), ...honest.map(element)].join(", ");
          const fields = { forwarded, forwardedFor: undefined, forwardedProto: undefined };
          expect(resolver.resolve("10.0.0.1", fields).address).toBe(client);
        },
      ),
    );
  });

  it("is the farthest proxy when all are trusted", () => {
    fc.assert(
      fc.property(fc.array(trusted, { minLength: 1, maxLength: 4 }), (proxies) => {
        expect(resolve(proxies.join(","))).toBe((proxies[0] as string).replace("::ffff:", ""));
      }),
    );
  });

  it("is always an address", () => {
    fc.assert(
      fc.property(fc.option(fc.string(), { nil: undefined }), fc.option(fc.string(), { nil: undefined }), (a, b) => {
        const fields = { forwarded: a, forwardedFor: b, forwardedProto: a };
        expect(resolver.resolve("10.0.0.1", fields).address).toMatch(/^[0-9a-f.:]+$/);
      }),
    );
  });
});

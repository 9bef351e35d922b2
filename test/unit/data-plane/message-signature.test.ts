import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentDigestProblem } from "../../../src/data-plane/pipeline/credentials/content-digest.ts";
import {
  parseSignatures,
  type SignableRequest,
  SignatureError,
  signatureBase,
} from "../../../src/data-plane/pipeline/credentials/message-signature.ts";
import {
  type BareItem,
  parseDictionary,
  StructuredFieldError,
  serializeInnerList,
} from "../../../src/data-plane/pipeline/credentials/structured-fields.ts";
import { runs } from "../../helpers/property-runs.ts";

/** The request of RFC 9421 appendix B.2. */
const FIELDS: Record<string, string[]> = {
  date: ["Tue, 20 Apr 2021 02:07:55 GMT"],
  "content-type": ["application/json"],
  "content-digest": [
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
  ],
  "content-length": ["18"],
};
const BODY = Buffer.from('{"hello": "world"}');
const request = (changes: Partial<SignableRequest> = {}): SignableRequest => ({
  method: "POST",
  scheme: "https",
  authority: "example.com",
  path: "/foo",
  query: "param=Value&Pet=dog",
  fieldValues: (name) => FIELDS[name] ?? [],
  ...changes,
});

const baseOf = (input: string, signable = request()) => {
  const [one] = parseSignatures(`sig1=${input}`, "sig1=:AAAA:");
  if (one === undefined) throw new Error("no signature");
  return signatureBase(one.covered, signable);
};

describe("RFC 9421 appendix B.2", () => {
  it("B.2.5: the signature with hmac-sha256 is the one in the RFC", () => {
    const secret = Buffer.from(
      "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
      "base64",
    );
    const [found] = parseSignatures(
      'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
      "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    );
    expect(found).toMatchObject({ keyId: "test-shared-secret", created: 1618884473, expires: null, algorithm: null });
    const base = signatureBase(found?.covered ?? { items: [], parameters: new Map() }, request());
    expect(base).toBe(
      [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@authority": example.com',
        '"content-type": application/json',
        '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
      ].join("\n"),
    );
    expect(createHmac("sha256", secret).update(base).digest()).toEqual(found?.signature);
  });

  it("B.2.3: the base over all components is the one in the RFC", () => {
    const covered =
      '("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"';
    expect(baseOf(covered)).toBe(
      [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@method": POST',
        '"@path": /foo',
        '"@query": ?param=Value&Pet=dog',
        '"@authority": example.com',
        '"content-type": application/json',
        '"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
        '"content-length": 18',
        `"@signature-params": ${covered}`,
      ].join("\n"),
    );
  });

  it("B.2.1: a base over no component is its parameters alone", () => {
    const input = '();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"';
    expect(baseOf(input)).toBe(`"@signature-params": ${input}`);
  });
});

describe("derived components", () => {
  it.each([
    ["@target-uri", "https://example.com/foo?param=Value&Pet=dog"],
    ["@request-target", "/foo?param=Value&Pet=dog"],
    ["@scheme", "https"],
  ])("%s is %s", (name, value) => {
    expect(baseOf(`("${name}")`).split("\n")[0]).toBe(`"${name}": ${value}`);
  });

  it.each([
    ["EXAMPLE.com:443", "https", "example.com"],
    ["example.com:80", "http", "example.com"],
    ["example.com:80", "https", "example.com:80"],
    ["example.com:8443", "https", "example.com:8443"],
  ])("the authority of %s over %s is %s (§2.2.3)", (authority, scheme, expected) => {
    expect(baseOf('("@authority")', request({ authority, scheme })).split("\n")[0]).toBe(`"@authority": ${expected}`);
  });

  it("a missing query is an empty one (§2.2.7)", () => {
    expect(baseOf('("@query")', request({ query: "" })).split("\n")[0]).toBe('"@query": ?');
  });
});

describe("what can't be signed or told", () => {
  it.each([
    ['("@method" "@method")', 'component "@method" is listed twice'],
    ['("@status")', 'component "@status" is not supported'],
    ['("@query-param";name="Pet")', "components with parameters"],
    ['("date";sf)', "components with parameters"],
    ['("x-missing")', 'covers "x-missing", which the request does not have'],
    ['("Date")', "no header name in lower case"],
    ["(date)", "no quoted name"],
  ])("%s is refused: %s", (input, message) => {
    expect(() => baseOf(input)).toThrow(SignatureError);
    expect(() => baseOf(input)).toThrow(message);
  });

  it.each([
    ['sig1=("@method"', "sig1=:AAAA:"],
    ['sig1="text"', "sig1=:AAAA:"],
    ['sig1=("@method")', "other=:AAAA:"],
    ['sig1=("@method")', 'sig1="AAAA"'],
    ['sig1=("@method"),', "sig1=:AAAA:"],
    ["sig1", "sig1=:AAAA:"],
  ])("%s with %s is malformed", (input, signature) => {
    expect(() => parseSignatures(input, signature)).toThrow(SignatureError);
  });
});

describe("structured fields", () => {
  const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,8}$/);
  const bareItem: fc.Arbitrary<BareItem> = fc.oneof(
    fc.stringMatching(/^[\x20-\x7e]{0,12}$/).map((value) => ({ type: "string" as const, value })),
    fc.integer().map((value) => ({ type: "integer" as const, value })),
    fc
      .stringMatching(/^[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]{0,8}$/)
      .map((value) => ({ type: "token" as const, value })),
    fc.uint8Array({ maxLength: 40 }).map((value) => ({ type: "bytes" as const, value: Buffer.from(value) })),
    fc.boolean().map((value) => ({ type: "boolean" as const, value })),
  );
  const parameters = fc.array(fc.tuple(key, bareItem), { maxLength: 4 }).map((entries) => new Map(entries));
  const innerList = fc.record({
    items: fc.array(fc.record({ item: bareItem, parameters }), { maxLength: 5 }),
    parameters,
  });

  it("are read as they are written", () => {
    fc.assert(
      fc.property(innerList, (list) => {
        expect(parseDictionary(`a=${serializeInnerList(list)}`).get("a")).toEqual(list);
      }),
    );
  });

  it("end in values or in StructuredFieldError, whatever the text", () => {
    const characters = fc.constantFrom(...'ab=(),;:"\\ ?01-.*\t');
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 30 }), (text) => {
        try {
          parseDictionary(text.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(StructuredFieldError);
        }
      }),
      { numRuns: runs(2000) },
    );
  });
});

describe("Content-Digest (RFC 9530)", () => {
  it("of the RFC 9421 example is that of its body", () => {
    expect(contentDigestProblem(FIELDS["content-digest"]?.[0] ?? "", BODY)).toBeNull();
  });

  it.each([
    ["sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", null],
    ["sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:", "is not that of the body"],
    ["sha-256=:AAAA:", "is not that of the body"],
    ["sha-256=text", "has no bytes for sha-256"],
    ["md5=:AAAA:", "neither sha-256 nor sha-512"],
    ["", "neither sha-256 nor sha-512"],
    ["sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, sha-512=:AAAA:", "sha-512"],
    ["sha-256", "has no bytes"],
    ["=", "malformed"],
  ])("%s: %s", (value, problem) => {
    const found = contentDigestProblem(value, BODY);
    if (problem === null) expect(found).toBeNull();
    else expect(found).toContain(problem);
  });
});

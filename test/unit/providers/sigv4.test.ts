import { describe, expect, test } from "vitest";
import type { AwsCredential } from "../../../src/contracts/provider-keys.ts";
import { type RequestToSign, signV4 } from "../../../src/providers/signing/sigv4.ts";

/**
 * Vectors of AWS's test suite for Signature Version 4 (aws-sig-v4-test-suite), by their names: the credentials, the time and
 * the signatures are AWS's own.
 */
const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const CREDENTIAL: AwsCredential = {
  type: "aws",
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: SECRET,
  sessionToken: null,
  region: "us-east-1",
  service: "service",
};
const AT_MS = Date.UTC(2015, 7, 30, 12, 36, 0);
const GET: RequestToSign = {
  method: "GET",
  path: "/",
  query: "",
  headers: ["host", "example.amazonaws.com"],
  body: "",
};

function signatureOf(headers: readonly string[]): string {
  const at = headers.indexOf("authorization");
  return /Signature=([0-9a-f]{64})$/.exec(headers[at + 1] ?? "")?.[1] ?? "";
}

describe("AWS Signature Version 4", () => {
  test.each<[name: string, request: Partial<RequestToSign>, signature: string]>([
    ["get-vanilla", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    [
      "get-vanilla-query-order-key-case",
      { query: "Param2=value2&Param1=value1" },
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ],
    ["post-vanilla", { method: "POST" }, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
    [
      "post-x-www-form-urlencoded",
      {
        method: "POST",
        headers: ["content-type", "application/x-www-form-urlencoded", "host", "example.amazonaws.com"],
        body: Buffer.from("Param1=value1"),
      },
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ],
    [
      "get-header-value-trim",
      { headers: ["host", "example.amazonaws.com", "my-header1", " value1", "my-header2", ' "a   b   c"'] },
      "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ],
  ])("%s", (_, request, signature) => {
    const headers = signV4({ ...GET, ...request }, CREDENTIAL, AT_MS);
    expect(headers.slice(0, 2)).toEqual(["x-amz-date", "20150830T123600Z"]);
    expect(signatureOf(headers)).toBe(signature);
  });

  test("says what it signed, and for whom", () => {
    expect(signV4(GET, CREDENTIAL, AT_MS).at(-1)).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    );
  });

  test("a session token is sent and signed; the secret is sent nowhere", () => {
    const headers = signV4(GET, { ...CREDENTIAL, sessionToken: "token-1" }, AT_MS);
    expect(headers).toContain("x-amz-security-token");
    expect(headers.at(-1)).toContain("SignedHeaders=host;x-amz-date;x-amz-security-token,");
    expect(headers.join("\n")).not.toContain(SECRET);
  });

  test("the body, the path and the query count", () => {
    const variants: Partial<RequestToSign>[] = [
      {},
      { body: "x" },
      { path: "/x" },
      { path: "/a%20b" },
      { query: "a=1" },
    ];
    const signatures = variants.map((request) => signatureOf(signV4({ ...GET, ...request }, CREDENTIAL, AT_MS)));
    expect(new Set(signatures).size).toBe(variants.length);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CertificateCredentialSnapshot, CertificateName } from "../../../src/contracts/snapshot.ts";
import type { FoundCredential } from "../../../src/data-plane/pipeline/credentials/caller-directory.ts";
import { CertificateCredentials } from "../../../src/data-plane/pipeline/credentials/certificates.ts";
import { compileTerms } from "../../../src/data-plane/pipeline/credentials/compiled-credential.ts";
import { digestsOf, numberOf } from "../../../src/snapshot/packed/digests.ts";
import { runs } from "../../helpers/property-runs.ts";

const FINGERPRINT = "468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688";
const VICTIM = "a".repeat(64);

function credentials(...names: [CertificateName, string][]): CertificateCredentials {
  const all = new Map<string, FoundCredential>();
  for (const [by, value] of names) {
    const terms = { id: value, expiresAtMs: null, addresses: [] };
    const snapshot = { id: "web", team: "default", credentials: [], subscriptions: [], limits: [] };
    const application = {
      id: "web",
      number: numberOf("web"),
      team: "default",
      subscriptions: [],
      subscriptionIndex: new Map(),
      limits: [],
      snapshot,
    };
    const credential: CertificateCredentialSnapshot = { kind: "mtls", by, value, ...terms };
    for (const digest of digestsOf(credential)) {
      all.set(digest.toString("hex"), { snapshot: credential, credential: compileTerms(terms, application) });
    }
  }
  return new CertificateCredentials({ find: (digest) => all.get(digest.toString("hex")) ?? null });
}

const found = (all: CertificateCredentials, value: string) => all.find({ format: "xfcc", value })?.id ?? null;

describe("X-Forwarded-Client-Cert", () => {
  const all = credentials(
    ["fingerprint", FINGERPRINT],
    ["san", "spiffe://example.org/web"],
    ["san", "web.example.org"],
    ["subject", 'CN=web, O="Example, Inc"'],
  );

  it.each([
    [
      "Envoy's own example",
      `By=http://frontend.lyft.com;Hash=${FINGERPRINT};URI=http://testclient.lyft.com`,
      FINGERPRINT,
    ],
    ["a URI", "Hash=00;URI=spiffe://example.org/web", "spiffe://example.org/web"],
    ["one of several DNS names", "Hash=00;DNS=other.example.org;DNS=web.example.org", "web.example.org"],
    ["a quoted subject", 'Hash=00;Subject="CN=web, O=\\"Example, Inc\\"";URI=', 'CN=web, O="Example, Inc"'],
    ["the last element", `Hash=00,Hash=${FINGERPRINT}`, FINGERPRINT],
    ["not the element before it", `Hash=${FINGERPRINT},Hash=00`, null],
    ["names in any case", `hash=${FINGERPRINT}`, FINGERPRINT],
    ["By is the proxy", "By=spiffe://example.org/web", null],
    ["an open quote", `Subject="x,Hash=${FINGERPRINT}`, null],
    ["nothing", "", null],
  ])("%s", (_name, value, expected) => {
    expect(found(all, value)).toBe(expected);
  });

  it("what a client writes before the proxy's element changes nothing but whether there is one", () => {
    const victim = credentials(["fingerprint", VICTIM]);
    const pieces = fc.constantFrom("Hash=", VICTIM, ";", ",", '"', "\\", "Subject=", "X=", " ", "URI=a");
    const own = fc.constantFrom(
      "Hash=00",
      'Hash=00;Subject="CN=x"',
      'Hash=00;Subject="CN=a\\"b"',
      'Hash=00;Subject="CN=a;b=\\"";DNS=x',
      'Hash=00;Subject="";URI=y',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), own, (written, added) => {
        expect(found(victim, `${written.join("")},${added}`)).toBeNull();
      }),
      { numRuns: runs(5000) },
    );
  });
});

describe("a header with one name", () => {
  it("is that name", () => {
    const all = credentials(["subject", "CN=web,O=Example"], ["fingerprint", FINGERPRINT]);
    expect(all.find({ format: "subject", value: "CN=web,O=Example" })?.id).toBe("CN=web,O=Example");
    expect(all.find({ format: "subject", value: "CN=web" })).toBeNull();
    const colons = FINGERPRINT.toUpperCase().replace(/..(?=.)/g, "$&:");
    expect(all.find({ format: "fingerprint", value: colons })?.id).toBe(FINGERPRINT);
    expect(all.find({ format: "subject", value: FINGERPRINT })).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import type { ApplicationSnapshot, ServiceSnapshot, Snapshot } from "../../../src/contracts/snapshot.ts";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { compileSnapshot } from "../../../src/snapshot/compile/index.ts";
import { applicationMerger, mergeSnapshot } from "../../../src/snapshot/merge.ts";
import { packSnapshot } from "../../../src/snapshot/packed/packer.ts";
import { readServiceDocument } from "../../../src/snapshot/service-document.ts";
import { parseConfiguration } from "../../../src/snapshot/sources/file.ts";
import { apiKey } from "../../helpers/api-key.ts";

function service(id: string, path: string, methods: string[] | null = null): ServiceSnapshot {
  const document = { routes: [{ path, methods }], upstream: { targets: [{ url: "http://127.0.0.1:1" }] } };
  const read = readServiceDocument(id, "finance", document);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.service;
}

function application(id: string, subscriptions: string[]): ApplicationSnapshot {
  return {
    id,
    team: "finance",
    credentials: [apiKey(`key of ${id}`)],
    subscriptions: subscriptions.map((one) => ({ service: one, state: "approved", expiresAtMs: null, limits: [] })),
    limits: [],
  };
}

function base(text: string): Snapshot {
  const { configuration } = parseConfiguration("tidegate.yaml", text, {}, CATALOGUE);
  if (configuration === null) throw new Error("the configuration is bad");
  const defaultAddress = { host: "0.0.0.0", port: 8080 };
  return compileSnapshot(configuration, {
    version: 1,
    compiledAtMs: 1,
    catalogue: CATALOGUE,
    baseDirectory: "/",
    defaultAddress,
  });
}

const FILE = `version: 1
services:
  - id: billing
    routes: [{ path: /billing, methods: [GET] }]
    upstream: { targets: [{ url: "http://127.0.0.1:9001" }] }
applications:
  - { id: web, team: default, keys: [file-key-0123456789], subscriptions: [billing] }
`;

describe("a configuration with what the database adds", () => {
  it("serves both, and is the same snapshot when nothing was added", () => {
    const file = base(FILE);
    const additions = {
      services: [service("orders", "/orders")],
      applications: [application("app", ["orders", "ai"])],
    };
    const { snapshot, leftOut } = mergeSnapshot(file, additions);
    expect(snapshot.services.map(({ id }) => id)).toEqual(["billing", "orders"]);
    expect(snapshot.applications.map(({ id }) => id)).toEqual(["web", "app"]);
    expect(snapshot.applications[1]?.subscriptions.map((one) => one.service)).toEqual(["orders", "ai"]);
    expect(leftOut).toEqual([]);
    expect(packSnapshot(snapshot).head.hash).not.toBe(packSnapshot(file).head.hash);
    expect(mergeSnapshot(file, { services: [], applications: [] }).snapshot).toBe(file);
  });

  it("bug: a service from the database with a route of the file's was served beside it", () => {
    const rivals = [
      service("any", "/billing"),
      service("get", "/billing/", ["GET", "PUT"]),
      service("put", "/billing", ["PUT"]),
    ];
    const { snapshot, leftOut } = mergeSnapshot(base(FILE), { services: rivals, applications: [] });
    expect(snapshot.services.map(({ id }) => id)).toEqual(["billing", "put"]);
    expect(leftOut).toEqual([
      "service any: the configuration has a route /billing already",
      "service get: the configuration has a route /billing already",
    ]);
  });

  it("has the policies of both, the file's first", () => {
    const deny = (address: string) => ({ addresses: { allow: null, deny: [address] } });
    const team = (id: string, address: string) => ({ id, policies: deny(address) });
    const none = { services: [], applications: [] };
    const additions = {
      ...none,
      policies: deny("192.0.2.1"),
      teams: [team("one", "192.0.2.2"), team("two", "192.0.2.3")],
    };
    const added = mergeSnapshot(base(FILE), additions);
    expect(added.snapshot).toMatchObject({ policies: deny("192.0.2.1"), teams: additions.teams });
    expect(packSnapshot(added.snapshot).head.hash).not.toBe(packSnapshot(base(FILE)).head.hash);
    const file = base(`${FILE}
policies: { addresses: { deny: [198.51.100.1] } }
teams: [{ id: default }, { id: one, policies: { addresses: { deny: [198.51.100.2] } } }]
`);
    const { snapshot, leftOut } = mergeSnapshot(file, additions);
    expect(snapshot.policies).toEqual(deny("198.51.100.1"));
    expect(snapshot.teams).toEqual([team("one", "198.51.100.2"), team("two", "192.0.2.3")]);
    expect(leftOut).toEqual([
      "policies of the organisation: the configuration has some",
      "policies of team one: the configuration has one of this id",
    ]);
  });

  it("says what has an id that the file has", () => {
    const additions = { services: [service("billing", "/other")], applications: [application("web", [])] };
    const { snapshot, leftOut } = mergeSnapshot(base(FILE), additions);
    expect(snapshot.hash).toBe(base(FILE).hash);
    expect(leftOut).toEqual([
      "service billing: the configuration has one of this id",
      "application web: the configuration has one of this id",
    ]);
  });

  it("bug: whoever made a service with an id of the file's approved subscriptions to the file's service", () => {
    const additions = {
      services: [service("billing", "/other")],
      applications: [application("app", ["ai", "billing"])],
    };
    const { snapshot } = mergeSnapshot(base(FILE), additions);
    expect(snapshot.applications.find(({ id }) => id === "app")?.subscriptions).toMatchObject([{ service: "ai" }]);
    expect(snapshot.applications.find(({ id }) => id === "web")?.subscriptions).toMatchObject([{ service: "billing" }]);
  });

  it("lets nobody call in the name that the file gives to its own", () => {
    const file = base(`${FILE}
  - id: filed
    credentials:
      - { hmac: { key_id: web-1, secret: file-secret-0123456789-0123456789 } }
      - { jwt: { issuer: corp, claim: azp, values: [one, two] } }
jwt_issuers: [{ id: corp, issuer: "https://idp.example.org", algorithms: [ES256], jwks_url: "https://idp.example.org/keys" }]
`);
    const terms = { id: "mine", expiresAtMs: null, addresses: [] };
    const rivals: ApplicationSnapshot["credentials"] = [
      { ...terms, kind: "hmac", keyId: "web-1", secret: "c3RvcmVk", maxAgeMs: 1 },
      { ...terms, kind: "jwt", issuer: "corp", claim: "azp", values: ["three", "two"] },
    ];
    const own: ApplicationSnapshot["credentials"] = [
      apiKey("key of app"),
      { ...terms, kind: "hmac", keyId: "web-2", secret: "c3RvcmVk", maxAgeMs: 1 },
    ];
    const app = { ...application("app", []), credentials: [...rivals, ...own] };
    const { snapshot, leftOut } = mergeSnapshot(file, { services: [], applications: [app] });
    expect(snapshot.applications.find(({ id }) => id === "app")?.credentials).toEqual(own);
    expect(leftOut).toEqual(["credentials of application app: the configuration has some that are found by the same"]);
    expect(applicationMerger(file)("app", app)?.credentials).toEqual(own);
    const untouched = { ...app, credentials: own };
    expect(applicationMerger(file)("app", untouched)).toBe(untouched);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RouteSnapshot, Snapshot } from "../../../src/contracts/snapshot.ts";
import { compilePathRewriter } from "../../../src/data-plane/pipeline/path-rewriter.ts";
import { compileRouter as compile } from "../../../src/data-plane/pipeline/router.ts";
import { runs } from "../../helpers/property-runs.ts";

const NOBODY = { kinds: [], claims: {}, cachesAnything: false, cachedServices: [] };
const compileRouter = (snapshot: Snapshot) => compile({ ...snapshot, callers: NOBODY });

const TIMEOUTS = { connectMs: 1, firstByteMs: 1, idleMs: 1, totalMs: 1 };

/** One service with these routes; nothing else. */
function snapshotOf(routes: RouteSnapshot[]): Snapshot {
  return {
    format: 10,
    version: 1,
    hash: "",
    compiledAtMs: 0,
    listeners: [],
    providers: [],
    models: [],
    services: [
      {
        id: "service",
        release: null,
        selection: null,
        deprecation: null,
        retired: false,
        kind: "rest",
        team: "default",
        routes,
        upstream: {
          balance: "round-robin",
          hashOn: { type: "address" },
          targets: [],
          active: null,
          passive: null,
          timeouts: TIMEOUTS,
          retries: { attempts: 0, on: [], backoffMs: 1, maxBackoffMs: 1 },
          hostHeader: "target",
          caFile: null,
        },
        access: "open",
        limits: [],
        requestHeaders: { add: [], set: [], remove: [] },
        responseHeaders: { add: [], set: [], remove: [] },
        maxBodyBytes: null,
      },
    ],
    applications: [],
    jwtIssuers: [],
    ai: {
      access: "open",
      limits: [],
      maxBodyBytes: 1,
      offloadBytes: 1,
      maxResponseBytes: 1,
      clientHints: [],
      unsupportedFields: "refuse",
    },
    limitSlots: 1024,
    cache: { maxBytes: 0, maxEntryBytes: 0 },
    callLog: {
      bodies: "off",
      maxBodyBytes: 0,
      redactFields: [],
      redactPatterns: [],
      rotateBytes: 1,
      rotateMs: 1,
      keepBytes: 1,
    },
    drainTimeoutMs: 1,
  };
}

type Shape = Pick<RouteSnapshot, "path" | "match" | "methods" | "host">;

function routeOf(shape: Shape, index: number): RouteSnapshot {
  return { ...shape, id: String(index), stripPrefix: false, rewrite: null };
}

// --- the rules, written down naively ---

/** Equivalent spellings of a segment come out the same: each byte that is not unreserved is written as %XX. */
function normalised(segment: string): string {
  let text = "";
  for (let i = 0; i < segment.length; i++) {
    const hexadecimal = /^%([0-9a-fA-F]{2})/.exec(segment.slice(i))?.[1];
    if (hexadecimal === undefined) {
      text += encodeURI(segment[i] as string).replace("%25", "%");
      continue;
    }
    const character = String.fromCharCode(Number.parseInt(hexadecimal, 16));
    text += /[A-Za-z0-9._~-]/.test(character) ? character : `%${hexadecimal.toUpperCase()}`;
    i += 2;
  }
  return text;
}

const segmentsOf = (path: string) => path.split("/").slice(1).map(normalised);

/** How a route's path matches: a digit per segment, the narrower the smaller; null when it does not. */
function pathRank({ path, match }: Shape, actual: readonly string[]): string | null {
  if (match === "prefix") {
    const base = segmentsOf(path.replace(/\/+$/, ""));
    if (!base.every((segment, i) => segment === actual[i])) return null;
    return "0".repeat(base.length) + (actual.length > base.length ? "2" : "");
  }
  const wanted = segmentsOf(path);
  let rank = "";
  for (const [i, segment] of wanted.entries()) {
    if (match === "pattern" && segment === "*") return actual.length > i ? `${rank}2` : null;
    if (match === "pattern" && segment.startsWith(":")) {
      if ((actual[i] ?? "") === "") return null;
      rank += "1";
    } else if (segment === actual[i]) rank += "0";
    else return null;
  }
  return actual.length === wanted.length ? rank : null;
}

/** Exact hosts before wildcards, longer wildcards before shorter ones, any host last; null when it does not match. */
function hostRank(pattern: string | null, host: string): number | null {
  if (pattern === null) return 1000;
  if (pattern === host) return 0;
  if (!pattern.startsWith("*.") || !host.endsWith(pattern.slice(1)) || host.length < pattern.length) return null;
  return 500 - pattern.length;
}

/** The routes that compete for a call: those of the narrowest host that has the path, with the narrowest path. */
function reference(shapes: readonly Shape[], method: string, host: string, path: string): number[] | "405" | "404" {
  const actual = segmentsOf(path);
  const found = shapes.flatMap((shape, index) => {
    const byHost = hostRank(shape.host, host);
    const byPath = pathRank(shape, actual);
    return byHost === null || byPath === null ? [] : [{ index, shape, byHost, byPath }];
  });
  if (found.length === 0) return "404";
  const bestHost = Math.min(...found.map(({ byHost }) => byHost));
  const onHost = found.filter(({ byHost }) => byHost === bestHost);
  const bestPath = onHost.map(({ byPath }) => byPath).sort()[0];
  const allowed = onHost.filter(
    ({ byPath, shape }) => byPath === bestPath && (shape.methods === null || shape.methods.includes(method)),
  );
  if (allowed.length === 0) return "405";
  // A prefix gives way to whatever else stands for exactly this path.
  const narrow = allowed.filter(({ shape }) => shape.match !== "prefix");
  return (narrow.length > 0 ? narrow : allowed).map(({ index }) => index);
}

// --- generated routes and calls ---

const literal = fc.constantFrom("a", "b", "ab", "A", "x:y", "caf%C3%A9", "50%25", "%20", "a%2Fb", "~", "v1.0");
const host: fc.Arbitrary<string | null> = fc.constantFrom(
  null,
  null,
  "a.test",
  "b.test",
  "*.test",
  "*.deep.test",
  "x.deep.test",
);
const methods: fc.Arbitrary<string[] | null> = fc.constantFrom(null, null, ["GET"], ["POST", "PUT"]);

const literalPath = fc.array(literal, { maxLength: 3 }).map((segments) => `/${segments.join("/")}`);
const patternPath = fc
  .tuple(
    fc.array(
      fc.oneof(
        literal.filter((text) => !text.includes(":")),
        fc.constant(":"),
      ),
      { maxLength: 3 },
    ),
    fc.boolean(),
  )
  .map(([segments, rest]) => {
    const named = segments.map((segment, i) => (segment === ":" ? `:p${(i * 7) % 5}` : segment));
    return `/${[...named, ...(rest ? ["*"] : [])].join("/")}`;
  });

const shape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({ path: literalPath, match: fc.constantFrom("exact" as const, "prefix" as const), methods, host }),
  fc.record({ path: patternPath, match: fc.constant("pattern" as const), methods, host }),
);

const callPath = fc
  .array(
    fc.oneof(
      literal,
      fc.constantFrom("", "%61", "caf%c3%a9", "50%", "%ff", "%zz", "*", ":p0", "c", "a%2fb", "%2E%2E.", "50%2525"),
    ),
    { maxLength: 5 },
  )
  .map((segments) => `/${segments.join("/")}`);
const callHost = fc.constantFrom("a.test", "b.test", "c.test", "x.deep.test", "y.z.deep.test", "test", "other", "");

describe("the router", () => {
  it("finds what the rules say, for any routes and any call", () => {
    fc.assert(
      fc.property(
        fc.array(shape, { maxLength: 12 }),
        fc.array(fc.tuple(fc.constantFrom("GET", "POST", "DELETE"), callHost, callPath), {
          minLength: 1,
          maxLength: 10,
        }),
        (shapes, calls) => {
          const router = compileRouter(snapshotOf(shapes.map(routeOf)));
          for (const [method, name, path] of calls) {
            const match = router(method, name, path);
            const actual = match.found
              ? match.target.kind === "rest" && Number(match.target.route.id)
              : match.allowedMethods === null
                ? "404"
                : "405";
            const expected = reference(shapes, method, name, path);
            if (typeof expected === "string")
              expect([method, name, path, actual]).toEqual([method, name, path, expected]);
            else expect(expected).toContain(actual);
          }
        },
      ),
      { numRuns: runs(2000) },
    );
  });

  it("names every method of the path in a 405", () => {
    const shapes: Shape[] = [
      { path: "/x/:a", match: "pattern", methods: ["GET"], host: null },
      { path: "/x/:b", match: "pattern", methods: ["PUT", "GET"], host: null },
    ];
    const match = compileRouter(snapshotOf(shapes.map(routeOf)))("POST", "h", "/x/1");
    expect(match).toEqual({ found: false, allowedMethods: ["GET", "PUT"] });
  });

  it("has its own endpoints, unless a service has the host", () => {
    const own = compileRouter(snapshotOf([routeOf({ path: "/", match: "prefix", methods: null, host: "a.test" }, 0)]));
    expect(own("POST", "b.test", "/v1/messages")).toMatchObject({ found: true, target: { kind: "ai" } });
    expect(own("GET", "b.test", "/health/liveness")).toMatchObject({ found: true, target: { kind: "health" } });
    expect(own("POST", "a.test", "/v1/messages")).toMatchObject({ found: true, target: { kind: "rest" } });
  });
});

describe("the path rewriter", () => {
  const segment = fc.constantFrom("a", "b%2F", "%25", "c$&", "d d", "é", "%C3%A9", "$1", ":x");

  it("strips exactly the prefix that matched, in any spelling", () => {
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 3 }),
        fc.array(segment, { maxLength: 4 }),
        (base, rest) => {
          const path = `/${base.join("/")}`;
          const strip = compilePathRewriter({
            ...routeOf({ path, match: "prefix", methods: null, host: null }, 0),
            stripPrefix: true,
          });
          expect(strip(`${path}/${rest.join("/")}`)).toBe(`/${rest.join("/")}`);
          expect(strip(path)).toBe("/");
          const spelled = path.replace("a", "%61");
          expect(strip(`${spelled}/${rest.join("/")}`)).toBe(`/${rest.join("/")}`);
        },
      ),
    );
  });

  it("inserts what stood there, untouched, whatever it is", () => {
    fc.assert(
      fc.property(segment, segment, fc.array(segment, { maxLength: 4 }), (one, two, rest) => {
        const rewrite = compilePathRewriter({
          ...routeOf({ path: "/u/:id/:idea/*", match: "pattern", methods: null, host: null }, 0),
          rewrite: "/:idea/x/:id/:id/:identity/*",
        });
        const tail = rest.join("/");
        expect(rewrite(`/u/${one}/${two}/${tail}`)).toBe(`/${two}/x/${one}/${one}/:identity/${tail}`);
      }),
    );
  });
});

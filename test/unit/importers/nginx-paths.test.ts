import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePathRewriter } from "../../../src/data-plane/pipeline/path-rewriter.ts";
import { expandGlob } from "../../../src/snapshot/importers/nginx/glob.ts";
import { mapPrefix, regexRoutes } from "../../../src/snapshot/importers/nginx/paths.ts";
import { translateRegex, translateReplacement } from "../../../src/snapshot/importers/nginx/regex-pattern.ts";

/** What the upstream sees, of the first route that matches; undefined when none does. */
function forwarded(routes: ReturnType<typeof regexRoutes>, base: string, path: string): string | undefined {
  for (const { path: pattern, match, strip_prefix, rewrite } of routes) {
    const prefix = pattern === "/" ? "" : pattern;
    const matches =
      match === "exact"
        ? path === pattern
        : match === "prefix"
          ? path === prefix || path.startsWith(`${prefix}/`)
          : path.startsWith(pattern.slice(0, -1));
    if (!matches) continue;
    const snapshot = {
      id: "r",
      path: pattern,
      match,
      methods: null,
      host: null,
      stripPrefix: strip_prefix === true,
      rewrite: rewrite ?? null,
    };
    return base + compilePathRewriter(snapshot)(path);
  }
  return undefined;
}

const segment = fc.stringMatching(/^[a-z]{1,4}$/);
const joined = (segments: string[]) => segments.map((one) => `/${one}`).join("");

describe("proxy_pass with a URI", () => {
  it("replaces what matched, as nginx does, wherever routes can say it", () => {
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 3 }),
        fc.array(segment, { maxLength: 3 }),
        fc.array(segment, { maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        (location, uri, rest, locationSlash, uriSlash) => {
          const prefix = joined(location) + (locationSlash ? "/" : "");
          const target = joined(uri) + (uriSlash || uri.length === 0 ? "/" : "");
          const mapped = mapPrefix(prefix, target);
          if (locationSlash !== target.endsWith("/")) {
            expect(mapped === null || mapped.remark === "doubled-slash").toBe(true);
            return;
          }
          const path = joined(location) + joined(rest) + (locationSlash && rest.length === 0 ? "/" : "");
          expect(forwarded([...(mapped?.routes ?? [])], mapped?.base ?? "", path)).toBe(path.replace(prefix, target));
        },
      ),
    );
  });

  it.each([
    ["/name/", "/remote"],
    ["/", "/remote"],
    ["/name/", "/remote/?x=1"],
  ])("can't say what nginx does with location %s and URI %s", (prefix, uri) => {
    expect(mapPrefix(prefix, uri)).toBeNull();
  });
});

describe("regular expressions", () => {
  it.each([
    ["^/api/", ["rest /api"], false],
    ["^/api", ["prefix /api"], true],
    ["^/api$", ["exact /api"], false],
    ["^/api/?$", ["exact /api", "exact /api/"], false],
    ["^/api(/|$)", ["prefix /api"], false],
    ["^/api(?:/.*)?$", ["prefix /api"], false],
    ["^/api/.*", ["rest /api"], false],
    ["^/(a|b-c)/x$", ["exact /a/x", "exact /b-c/x"], false],
    ["^/u/([^/]+)$", ["exact /u/:p1"], false],
    ["^/u/(\\d+)/o/(?<id>[a-z]{2,3})$", ["exact /u/:p1/o/:p2"], true],
    ["^/v1\\.0/", ["rest /v1.0"], false],
    ["^/[a-z0-9]+/x/", ["rest /:p1/x"], true],
  ])("%s", (expression, paths, approximate) => {
    const translation = translateRegex(expression);
    expect(translation?.paths.map(({ match, path }) => `${match} ${path}`)).toEqual(paths);
    expect(translation?.approximate).toBe(approximate);
  });

  it.each([
    "\\.php$",
    "/api/",
    "^/v\\d+x/",
    "^/a(b|c)?/",
    "^/(?!x)",
    "^/a+/",
    "^/a/.*/b$",
    "^/x[^/]+$",
    "^(?i)/a",
    "^/a|/b",
  ])("%s can't be said", (expression) => {
    expect(translateRegex(expression)).toBeNull();
  });
});

describe("rewrite", () => {
  const rewritten = (expression: string, replacement: string, path: string) => {
    const translation = translateRegex(expression);
    const routes = (translation?.paths ?? []).flatMap((one) => {
      const target = translateReplacement(replacement, one);
      return target === null ? [] : regexRoutes(one, target);
    });
    return forwarded(routes, "", path);
  };

  it.each([
    ["^/old/(.*)$", "/new/$1", "/old/a/b", "/new/a/b"],
    ["^/old/(.*)$", "/$1", "/old/", "/"],
    ["^/old(/.*)$", "$1", "/old/a", "/a"],
    ["^/old(/.*)?$", "/new$1", "/old", "/new"],
    ["^/old(/.*)?$", "/new$1", "/old/a/", "/new/a/"],
    ["^/old/?(.*)$", "/$1", "/old", "/"],
    ["^(.*)$", "/v2$1", "/x/y", "/v2/x/y"],
    ["^/a$", "/b/c", "/a", "/b/c"],
    ["^/(en|de)/(.*)$", "/$2/in/$1", "/de/x", "/x/in/de"],
    ["^/(en|de)/(.*)$", "/in/$1/$2", "/de/x/y", "/in/de/x/y"],
  ])("%s to %s: %s", (expression, replacement, path, expected) => {
    // As the regular expression itself has it.
    expect(path.replace(new RegExp(expression), replacement)).toBe(expected);
    expect(rewritten(expression, replacement, path)).toBe(expected);
  });

  it.each([
    ["^/a/(.*)$", "/b?x=$1"],
    ["^/a/(.*)$", "/b/x-$1"],
    ["^/a/(.*)$", "/b/$2"],
    ["^/a/(.*)$", "/b/$host/$1"],
    ["^/a/(.*)$", "https://example.com/$1"],
  ])("%s to %s can't be said", (expression, replacement) => {
    const [path] = translateRegex(expression)?.paths ?? [];
    if (path === undefined) throw new Error("expected a path");
    expect(translateReplacement(replacement, path)).toBeNull();
  });
});

describe("include patterns", () => {
  const tree: Record<string, string[]> = {
    "/etc/nginx": ["conf.d", "sites-a", "sites-b", ".git"],
    "/etc/nginx/conf.d": ["b.conf", "a.conf", ".hidden.conf", "a.conf.bak", "c1.conf"],
    "/etc/nginx/sites-a": ["x"],
    "/etc/nginx/sites-b": ["y"],
  };
  const list = (path: string) => tree[path] ?? null;

  it.each([
    ["/etc/nginx/conf.d/*.conf", ["/etc/nginx/conf.d/a.conf", "/etc/nginx/conf.d/b.conf", "/etc/nginx/conf.d/c1.conf"]],
    ["/etc/nginx/conf.d/?.conf", ["/etc/nginx/conf.d/a.conf", "/etc/nginx/conf.d/b.conf"]],
    ["/etc/nginx/conf.d/[!a]*.conf", ["/etc/nginx/conf.d/b.conf", "/etc/nginx/conf.d/c1.conf"]],
    ["/etc/nginx/conf.d/c[0-9].conf", ["/etc/nginx/conf.d/c1.conf"]],
    ["/etc/nginx/sites-*/*", ["/etc/nginx/sites-a/x", "/etc/nginx/sites-b/y"]],
    ["/etc/nginx/nothing/*", []],
  ])("%s", (pattern, paths) => {
    expect(expandGlob(pattern, list)).toEqual(paths);
  });
});

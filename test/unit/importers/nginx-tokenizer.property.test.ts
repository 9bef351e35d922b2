import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ImportError } from "../../../src/snapshot/importers/import-result.ts";
import { type Directive, parseNginx } from "../../../src/snapshot/importers/nginx/parse.ts";

/** Any text as a word in quotes. */
function quoted(text: string, quote: '"' | "'"): string {
  const escaped = text.replace(/[\\"']/g, (character) => `\\${character}`).replaceAll("\t", "\\t");
  return quote + escaped.replaceAll("\r", "\\r").replaceAll("\n", "\\n") + quote;
}

interface Plain {
  name: string;
  args: string[];
  block: Plain[] | null;
}

const bareWord = fc.stringMatching(/^[A-Za-z0-9_/.$~^*:=@-]+$/).filter((word) => !word.startsWith("#"));
const space = fc.constantFrom(" ", "\t", "\n", "\r\n", "  ", "\n# a comment { ; } \" '\n");
const word = fc.oneof(
  bareWord.map((text) => ({ text, written: text })),
  fc.tuple(fc.string({ unit: "binary" }), fc.constantFrom('"' as const, "'" as const)).map(([text, quote]) => {
    return { text, written: quoted(text, quote) };
  }),
);

const { directives } = fc.letrec<{ directives: { plain: Plain; written: string }[] }>((tie) => ({
  directives: fc.array(
    fc
      .tuple(
        fc.stringMatching(/^[a-z_]{1,12}$/),
        fc.array(fc.tuple(space, word), { maxLength: 4 }),
        fc.option(tie("directives"), { maxDepth: 3, nil: null }),
        space,
      )
      .map(([name, words, block, after]) => {
        const args = words.map(([, { text }]) => text);
        const head = name + words.map(([before, { written }]) => before + written).join("");
        const inner = (block ?? []) as { plain: Plain; written: string }[];
        const tail = block === null ? ";" : ` {${after}${inner.map(({ written }) => written).join(after)}}`;
        return {
          plain: { name, args, block: block === null ? null : inner.map(({ plain }) => plain) },
          written: head + tail + after,
        };
      }),
    { maxLength: 4 },
  ),
}));

function plainOf({ name, args, block }: Directive): Plain {
  return { name, args: [...args], block: block?.map(plainOf) ?? null };
}

describe("the parser of nginx's syntax", () => {
  it("reads back whatever words, blocks and comments are written", () => {
    fc.assert(
      fc.property(directives, (list) => {
        const text = list.map(({ written }) => written).join("");
        expect(parseNginx("nginx.conf", text).map(plainOf)).toEqual(list.map(({ plain }) => plain));
      }),
    );
  });

  it("knows the line and column of each directive", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(space, bareWord)), (words) => {
        let text = "";
        const places: object[] = [];
        for (const [before, name] of words) {
          text += before;
          const lines = text.split("\n");
          places.push({ file: "f", line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 });
          text += `${name};`;
        }
        expect(parseNginx("f", text).map(({ place }) => place)).toEqual(places);
      }),
    );
  });

  it("gives directives or an error with a place for any text at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab;{}\"'\\#$ \n"), maxLength: 40 }), (text) => {
        try {
          expect(Array.isArray(parseNginx("f", text))).toBe(true);
        } catch (error) {
          if (!(error instanceof ImportError)) throw error;
          expect(error.place.line).toBeGreaterThan(0);
          expect(error.place.column).toBeGreaterThan(0);
        }
      }),
    );
  });
});

describe("nginx's words", () => {
  const argsOf = (text: string) => parseNginx("f", text)[0]?.args;

  it.each([
    ["a b\\ c;", ["b\\ c"]],
    ['a "b c" d;', ["b c", "d"]],
    ["a it's;", ["it's"]],
    ['a "say \\"hi\\"";', ['say "hi"']],
    ["a \\.php$;", ["\\.php$"]],
    ['a "\\.php$";', ["\\.php$"]],
    ["a x#y;", ["x#y"]],
    [`a \${host}/x;`, [`\${host}/x`]],
    ['a "";', [""]],
  ])("%s", (text, args) => {
    expect(argsOf(text)).toEqual(args);
  });

  it("takes Lua as it is, with its braces, strings and comments", () => {
    const text = 'content_by_lua_block { local t = { "}" } -- }\n ngx.say([[}]]) } next;';
    const [lua, next] = parseNginx("f", text);
    expect(lua?.name).toBe("content_by_lua_block");
    expect(next?.name).toBe("next");
  });

  it.each([
    ["server {\n  listen 80\n}\n", "f:2:3", "`;` is missing after `listen`"],
    ["server {\n  listen 80;\n", "f:1:8", "the block of `server` is never closed: its `}` is missing"],
    ["a;\n}\n", "f:2:1", "`}` closes nothing: no block is open here"],
    ['a "b;\n', "f:1:3", 'the quote " is never closed'],
    ['a "b"c;', "f:1:6", "after a closing quote, a space, `;` or `{` is missing"],
    ["a b", "f:1:1", "`a` is never ended: `;` is missing"],
    ["; a;", "f:1:1", "`;` without a directive before it"],
    ["x_by_lua_block { {", "f:1:16", "the Lua block is never closed: its `}` is missing"],
  ])("says what is wrong with %j", (text, place, message) => {
    const caught = errorOf(text);
    expect(`${caught.place.file}:${caught.place.line}:${caught.place.column}`).toBe(place);
    expect(caught.message).toBe(message);
  });

  it("repeats no value where a directive's name should be", () => {
    expect(errorOf('a b;\n"canary secret" }').message).toBe("`;` is missing after `this directive`");
  });
});

function errorOf(text: string): ImportError {
  try {
    parseNginx("f", text);
  } catch (error) {
    if (error instanceof ImportError) return error;
  }
  throw new Error("expected an ImportError");
}

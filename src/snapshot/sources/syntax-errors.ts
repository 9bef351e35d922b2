import type { ErrorCode } from "yaml";

/**
 * What is said for each of the parser's error codes. Its own messages quote the source, which may be a secret, so they
 * are not passed on.
 */
const MESSAGES: Record<ErrorCode, string> = {
  ALIAS_PROPS: "an alias (`*name`) can't have an anchor or a tag",
  BAD_ALIAS: "unknown or misplaced alias: a value that begins with `*` needs quotes",
  BAD_COLLECTION_TYPE: "the tag does not fit the value",
  BAD_DIRECTIVE: "unknown `%` directive: a value that begins with `%` needs quotes",
  BAD_DQ_ESCAPE: "unknown escape in double quotes: write `\\\\` for a backslash, or use single quotes",
  BAD_INDENT: "wrong indentation: entries of one list or mapping begin in the same column",
  BAD_PROP_ORDER: "an anchor or tag stands before the indicator it belongs after",
  BAD_SCALAR_START: "a value can't begin with this character: put quotes around it",
  BLOCK_AS_IMPLICIT_KEY: "a mapping can't begin here: is a `:` in the value? Put quotes around it",
  BLOCK_IN_FLOW: "an indented list or mapping can't stand within `[ ]` or `{ }`",
  DUPLICATE_KEY: "the key is there twice",
  IMPOSSIBLE: "not valid YAML",
  KEY_OVER_1024_CHARS: "a key may be at most 1024 characters long",
  MISSING_CHAR: "something is missing here: a closing quote or bracket, a comma, a space, or the `:` after a key",
  MULTILINE_IMPLICIT_KEY: "a key must be on one line: is the `:` after it missing?",
  MULTIPLE_ANCHORS: "a value can have one anchor only",
  MULTIPLE_DOCS: "only one document is allowed: remove what follows `---`",
  MULTIPLE_TAGS: "a value can have one tag only",
  NON_STRING_KEY: "a key must be a text",
  RESOURCE_EXHAUSTION: "nested too deeply",
  TAB_AS_INDENT: "tabs can't indent: use spaces",
  TAG_RESOLVE_FAILED: "unknown tag: a value that begins with `!` needs quotes",
  UNEXPECTED_TOKEN: "unexpected text: is a quote, a bracket or the indentation wrong?",
};

export function syntaxMessage(code: ErrorCode): string {
  return `not valid YAML: ${MESSAGES[code]}`;
}

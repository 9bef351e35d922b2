import { isObject } from "../documents/json.ts";

export const REDACTED = "[redacted]";

/**
 * Fields that hold secrets, by the words of their name. Plain `key` and `tokens` are left out: they are names and
 * amounts in most places.
 */
const SECRET_NAME =
  /(^|[_-])(secrets?|passwords?|passwd|passphrases?|credentials?|authorization|cookie|signature|(api|access|private|secret|signing|master|encryption|client|shared)[_-]?keys?|tokens?|jwt|pin|otp)$/i;

/** Amounts, such as `limits[].tokens`, and names of places, such as `token_url`, are no secrets. */
const SECRET_WHATEVER_TYPE = /(secret|password|passwd|passphrase|pin|otp)s?$/i;

/** Lists whose strings, and whose entries' `value`s, are keys: `applications[].keys`, `providers[].keys[].value`. */
const KEY_LIST = /^(keys|tokens|secrets|credentials)$/i;

/** Maps from header to value, each of which may be a credential. */
const HEADER_MAP = /^(headers|set|add)$/i;

/** All that is below is secret, whatever it is called. */
const SECRET_MAP = /^(secrets?|passwords?|passphrases?)$/i;

/** Copies a value with its secrets replaced. `names` lead to it from the root. References such as `${KEY}` are kept. */
export function redact(value: unknown, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((entry) => redact(entry, names));
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, redact(entry, [...names, name])]));
  }
  if (typeof value === "string") return isSecret(names) ? hide(value) : hideWithin(value);
  const hidden = typeof value === "number" && SECRET_WHATEVER_TYPE.test(snakeCase(names.at(-1)));
  return hidden ? REDACTED : value;
}

function isSecret(names: readonly string[]): boolean {
  const name = snakeCase(names.at(-1));
  const parent = snakeCase(names.at(-2));
  if (names.some((above) => SECRET_MAP.test(above))) return true;
  if (SECRET_NAME.test(name) || KEY_LIST.test(name)) return true;
  if (KEY_LIST.test(parent) && /^(value|key|secret|digest|hash)$/i.test(name)) return true;
  return HEADER_MAP.test(parent) && /(key|token|auth|secret|password|cookie|signature)/i.test(name);
}

/** `clientSecret` is `client_secret`. */
function snakeCase(name = ""): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2");
}

/** Keeps the name of a variable, and hides the value that is taken when there is none. */
function hide(text: string): string {
  const variable = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}$/.exec(text);
  if (variable === null) return REDACTED;
  const [, name, fallback = ""] = variable;
  return `\${${name}${fallback.length > 2 ? `:-${REDACTED}` : fallback}}`;
}

/** What gives itself away in text of any name: credentials of a URL (RFC 3986, 3.2.1), a header's, a private key. */
function hideWithin(text: string): string {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return REDACTED;
  return text
    .replace(/^(Bearer|Basic)\s+(?!\$\{\w+\}$)\S.*$/i, `$1 ${REDACTED}`)
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#@\s]+@/i, `$1${REDACTED}@`)
    .replace(/([?&][\w.-]*(?:key|token|secret|password|signature|sig)=)[^&#\s]+/gi, `$1${REDACTED}`);
}

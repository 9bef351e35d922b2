import type { ForwardedCertificate } from "../../../contracts/exchange.ts";
import type { CertificateName } from "../../../contracts/snapshot.ts";
import { nameDigest } from "../../../snapshot/packed/digests.ts";
import type { CallerDirectory } from "./caller-directory.ts";
import type { CompiledCredential } from "./compiled-credential.ts";

/** Callers by what a trusted proxy says of their certificate. */
export class CertificateCredentials {
  readonly #callers: Pick<CallerDirectory, "find">;

  constructor(callers: Pick<CallerDirectory, "find">) {
    this.#callers = callers;
  }

  find({ format, value }: ForwardedCertificate): CompiledCredential | null {
    if (format !== "xfcc") return this.#get(format, value);
    for (const [by, name] of namesInXfcc(value)) {
      const found = this.#get(by, name);
      if (found !== null) return found;
    }
    return null;
  }

  #get(by: CertificateName, value: string): CompiledCredential | null {
    const name = by === "fingerprint" ? value.replaceAll(":", "").toLowerCase() : value;
    const found = this.#callers.find(nameDigest("mtls", `${by} ${name}`));
    return found?.snapshot.kind === "mtls" ? found.credential : null;
  }
}

const XFCC_NAMES: Readonly<Record<string, CertificateName>> = {
  hash: "fingerprint",
  uri: "san",
  dns: "san",
  subject: "subject",
};

const XFCC_PAIR = /[ \t]*([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^",;\\]*)([;,]|$)/y;

/**
 * The names of the last element of an `X-Forwarded-Client-Cert` (Envoy's documentation, "HTTP header manipulation"): the
 * one that the nearest proxy has added. What stands before it, a client may have written, and must not be able to draw
 * into it with a quote that it leaves open: what does not follow the grammar as a whole says nothing. The most exact name
 * comes first.
 */
function namesInXfcc(value: string): [CertificateName, string][] {
  let names: [CertificateName, string][] = [];
  XFCC_PAIR.lastIndex = 0;
  for (;;) {
    const [, key, text, separator] = XFCC_PAIR.exec(value) ?? [];
    if (key === undefined || text === undefined) return [];
    const by = XFCC_NAMES[key.toLowerCase()];
    if (by !== undefined) names.push([by, unquoted(text)]);
    if (separator === "") return names.sort(([one], [other]) => RANK[one] - RANK[other]);
    if (separator === ",") names = [];
  }
}

const RANK: Readonly<Record<CertificateName, number>> = { fingerprint: 0, san: 1, subject: 2 };

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text.trim();
}

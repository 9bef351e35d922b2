import type { ForwardedCertificate } from "../../../contracts/exchange.ts";
import type { CertificateCredentialSnapshot, CertificateName } from "../../../contracts/snapshot.ts";
import type { CompiledCredential } from "./compiled-credential.ts";

/** Callers by what a trusted proxy says of their certificate. */
export class CertificateCredentials {
  readonly #entries = new Map<string, CompiledCredential>();

  add({ by, value }: CertificateCredentialSnapshot, credential: CompiledCredential): void {
    this.#entries.set(`${by} ${value}`, credential);
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
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
    return this.#entries.get(`${by} ${name}`) ?? null;
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

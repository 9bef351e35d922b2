import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { UnreadSecret } from "../schema/notes.ts";
import { filePath } from "../schema/scalars.ts";
import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { reasonOf } from "./file-reason.ts";

/** Certificates, private keys and authorities: that the files can be read, hold what they should, and fit together. */
export const checkCertificates: Check = (context) => {
  for (const listener of context.root.at("listeners").items()) {
    const tls = listener.at("tls");
    if (!tls.exists) continue;
    for (const pair of [tls, ...tls.at("server_names").items()]) checkPair(context, pair);
  }
  for (const service of context.root.at("services").items()) {
    for (const upstream of [service.at("upstream"), service.at("canary", "upstream")]) {
      const authorities = readPem(context, upstream.at("ca_file"));
      if (authorities !== undefined) parseCertificate(context, upstream.at("ca_file"), authorities);
    }
  }
};

function checkPair(context: CheckContext, pair: Cursor): void {
  const certificatePem = readPem(context, pair.at("cert"));
  const keyPem = readPem(context, pair.at("key"));
  const certificate = certificatePem && parseCertificate(context, pair.at("cert"), certificatePem);
  if (pair.at("passphrase").value instanceof UnreadSecret) return;
  const key = keyPem && parseKey(context, pair.at("key"), keyPem, pair.at("passphrase").text());
  if (certificate && key && !certificate.checkPrivateKey(key)) {
    context.report(pair.at("key").path, "the private key does not belong to the certificate in `cert`");
  }
}

function readPem(context: CheckContext, field: Cursor): Buffer | undefined {
  const path = field.text();
  if (path === undefined || !filePath.safeParse(path).success) return undefined;
  const absolute = resolve(context.baseDirectory, path);
  try {
    return readFileSync(absolute);
  } catch (error) {
    context.report(field.path, `can't read the file ${context.describe(field, absolute)}: ${reasonOf(error)}`);
    return undefined;
  }
}

function parseCertificate(context: CheckContext, field: Cursor, pem: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    context.report(field.path, "the file holds no certificate in PEM format");
    return undefined;
  }
}

function parseKey(context: CheckContext, field: Cursor, pem: Buffer, passphrase?: string): KeyObject | undefined {
  try {
    return createPrivateKey(passphrase === undefined ? { key: pem } : { key: pem, passphrase });
  } catch {
    const hint = pem.includes("ENCRYPTED") ? ", or `passphrase` is missing or wrong" : "";
    context.report(field.path, `the file holds no private key in PEM format${hint}`);
    return undefined;
  }
}

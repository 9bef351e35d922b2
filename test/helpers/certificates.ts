import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface CertificateFiles {
  cert: string;
  key: string;
}

export interface CertificateAuthority {
  /** PEM file of the authority. */
  cert: string;
  pem: Buffer;
  /** A certificate for these names and addresses; the first is its common name. */
  issue(names: readonly string[]): CertificateFiles;
  remove(): void;
}

const CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Certificates for tests, made with the `openssl` command. */
export function createAuthority(): CertificateAuthority {
  const folder = mkdtempSync(join(tmpdir(), "tidegate-certificates-"));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  openssl(
    "req",
    "-x509",
    ...CURVE,
    "-keyout",
    file("ca.key"),
    "-out",
    file("ca.pem"),
    "-subj",
    "/CN=test",
    "-days",
    "2",
  );
  let issued = 0;
  return {
    cert: file("ca.pem"),
    pem: readFileSync(file("ca.pem")),
    issue(names) {
      const name = `leaf-${++issued}`;
      const cert = file(`${name}.pem`);
      const key = file(`${name}.key`);
      const list = names.map((entry) => (isIP(entry) === 0 ? `DNS:${entry}` : `IP:${entry}`)).join(",");
      writeFileSync(file(`${name}.ext`), `subjectAltName=${list}\nbasicConstraints=CA:FALSE\n`);
      openssl("req", ...CURVE, "-keyout", key, "-out", file(`${name}.csr`), "-subj", `/CN=${names[0]}`);
      openssl(
        ...["x509", "-req", "-in", file(`${name}.csr`), "-CA", file("ca.pem"), "-CAkey", file("ca.key")],
        ...["-CAcreateserial", "-days", "2", "-extfile", file(`${name}.ext`), "-out", cert],
      );
      return { cert, key };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

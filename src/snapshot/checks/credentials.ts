import { formatPath } from "../problems/problem.ts";
import { CREDENTIAL_KINDS } from "../schema/credential.ts";
import type { Path } from "../schema/introspection.ts";
import type { Check } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { exactlyOne } from "./exactly-one.ts";

const CERTIFICATE_NAMES = ["subject", "san", "fingerprint"] as const;

/** That each credential says one thing, and stands for one application. */
export const checkCredentials: Check = (context) => {
  const { root, report, warn } = context;
  const seen = new Map<string, Path>();
  /** `parts`: what tells credentials of a kind apart. */
  const stands = (place: Cursor, ...parts: (string | undefined)[]): void => {
    if (parts.some((part) => part === undefined)) return;
    const key = JSON.stringify(parts);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, place.path);
    else report(place.path, `the same as ${formatPath(first)}: a credential stands for one application`);
  };
  const takesCertificates = root
    .at("listeners")
    .items()
    .some((listener) => listener.at("client_certificate").exists);

  for (const application of root.at("applications").items()) {
    for (const credential of application.at("credentials").items()) {
      if (typeof credential.value !== "object") continue;
      exactlyOne(context, credential, CREDENTIAL_KINDS);
      const [basic, hmac, jwt, mtls] = CREDENTIAL_KINDS.map((kind) => credential.at(kind));
      if (basic?.exists) {
        exactlyOne(context, basic, ["password", "password_digest"]);
        stands(basic.at("username"), "basic", basic.at("username").text());
      }
      if (hmac?.exists) {
        exactlyOne(context, hmac, ["secret", "secret_base64"]);
        stands(hmac.at("key_id"), "hmac", hmac.at("key_id").text());
      }
      if (jwt?.exists) {
        for (const value of jwt.at("values").items()) {
          stands(value, "jwt", jwt.at("issuer").text(), jwt.at("claim").text(), value.text());
        }
      }
      if (mtls?.exists) {
        exactlyOne(context, mtls, CERTIFICATE_NAMES);
        for (const name of CERTIFICATE_NAMES) stands(mtls.at(name), "mtls", name, mtls.at(name).text());
        if (!takesCertificates) warn(mtls.path, "no listener has a `client_certificate`, so nobody can call with this");
      }
    }
  }
};

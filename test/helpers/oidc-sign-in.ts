import { Browser, type Visited } from "./browser.ts";
import { CLIENT_ID, CLIENT_SECRET } from "./identity-provider.ts";
import type { TestPlane } from "./test-plane.ts";

/** Where browsers reach Tidegate in these tests. */
export const PUBLIC_URL = "https://tidegate.example.org";
export const CALLBACK = `${PUBLIC_URL}/api/v1/sign-in/acme/callback`;
export const START = `${PUBLIC_URL}/api/v1/sign-in/acme/start`;
const AT_CALLBACK = /\/api\/v1\/sign-in\/[^/]+\/callback\?/;

/** A browser that reaches the plane at PUBLIC_URL. */
export function browserOf(test: TestPlane, remoteAddress = "192.0.2.7"): Browser {
  return new Browser({ [PUBLIC_URL]: async (url, init) => test.app.request(url, init, { remoteAddress }) });
}

/** Makes the provider `acme` of a server, as the owner. */
export function makeProvider(test: TestPlane, issuer: string, fields: object = {}) {
  return test.owner.do("POST", "/identity-providers", {
    id: "acme",
    name: "Acme",
    issuer,
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    scopes: ["openid", "profile", "email", "groups"],
    ...fields,
  });
}

/** Begins at Tidegate and goes through the server's pages; ends with what Tidegate answers, or before it (`stop`). */
export async function signInAs(
  browser: Browser,
  login: string,
  { stop = false, start = START }: { stop?: boolean; start?: string } = {},
): Promise<Visited> {
  const options = stop ? { stopAt: AT_CALLBACK } : {};
  let page = await browser.open(start, options);
  for (let step = 0; step < 3 && page.text.includes("<form "); step++) {
    const fields = page.text.includes('name="login"') ? { login, password: "whatever" } : {};
    page = await browser.submit(page, fields as Record<string, string>, options);
  }
  return page;
}

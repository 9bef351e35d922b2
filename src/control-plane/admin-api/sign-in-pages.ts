import type { ProblemError } from "../problem.ts";

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  // The URL holds a code.
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

/**
 * Leads on to where somebody wanted to go. A page, and no redirect: the browser comes from the provider's site, and would not
 * send a cookie of SameSite=Strict along with where it is redirected from there (RFC 6265bis §5.2).
 */
export function signedInPage(returnTo: string): Response {
  const url = escaped(returnTo);
  const head = `<meta http-equiv="refresh" content="0;url=${url}">`;
  return new Response(page("Signed in", head, `<a href="${url}">Continue</a>`), { status: 200, headers: HEADERS });
}

/** Asks whoever signed in whether it was their command line that wanted it. */
export function commandLinePage(email: string, url: string): Response {
  const text = `<p>You are ${escaped(email)}. Did you run <code>tidegate login</code> on this computer, just now?</p>
<p><a href="${escaped(url)}">Yes, sign in there</a></p>
<p>If you did not, close this page: somebody sent you a link to sign in for them.</p>`;
  return new Response(page("Sign in the command line", "", text), { status: 200, headers: HEADERS });
}

/** What went wrong, for people; `retryPath`: where they try again. */
export function failedPage(error: ProblemError, retryPath: string): Response {
  const text = `<p>${escaped(error.message)}</p><p><code>${error.code}</code></p><a href="${escaped(retryPath)}">Try again</a>`;
  const { status, retryAfterMs } = error;
  const retry = retryAfterMs === null ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) };
  return new Response(page("Not signed in", "", text), { status, headers: { ...HEADERS, ...retry } });
}

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title} - Tidegate</title>
${head}
<h1>${title}</h1>
${body}
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

import type { Place } from "../import-result.ts";
import type { Notebook } from "../notebook.ts";
import type { Directive } from "./parse.ts";

/** Directives that are read elsewhere, where what can't be said of them is noted as well. */
const READ =
  /^(?:http|server|location|upstream|listen|server_name|proxy_pass|proxy_set_header|add_header|proxy_hide_header|client_max_body_size|proxy_(?:connect|read|send)_timeout|proxy_next_upstream.*|limit_req|limit_req_zone|limit_req_status|ssl|ssl_certificate|ssl_certificate_key|return|internal|allow|deny|auth_basic|auth_request|auth_jwt|ssl_verify_client|secure_link|valid_referers|set_real_ip_from|real_ip_header|keepalive_timeout|client_header_timeout|limit_except|proxy_redirect|proxy_ssl_verify|proxy_ssl_trusted_certificate|proxy_pass_header|include)$/;

interface Family {
  names: RegExp;
  what: string;
  why: string;
  instead: string;
}

/** What is said of a directive that has no counterpart; the first family whose names fit. */
const FAMILIES: readonly Family[] = [
  {
    names:
      /^(?:user|pid|daemon|master_process|worker_.*|events|error_log|multi_accept|use|accept_mutex|pcre_jit|thread_pool|load_module|env|lock_file|timer_resolution|debug_.*|sendfile.*|tcp_no.*|types|types_hash.*|default_type|charset.*|aio.*|directio.*|open_file_cache.*|output_buffers|postpone_output|reset_timedout_connection|lingering_.*|server_names_hash.*|variables_hash.*|map_hash.*|proxy_buffering|proxy_buffers|proxy_buffer_size|proxy_busy_.*|proxy_request_buffering|proxy_http_version|proxy_temp.*|proxy_max_temp.*|proxy_headers_hash.*|proxy_socket_keepalive|proxy_ssl_(?:session_reuse|server_name)|client_body_.*|client_header_buffer_size|keepalive_requests|keepalive_disable|ignore_invalid_headers|underscores_in_headers|merge_slashes|server_name_in_redirect|port_in_redirect|absolute_redirect|msie.*|log_not_found|log_subrequest|request_pool.*|connection_pool.*|resolver.*|http2.*|http3.*|quic.*|chunked_transfer_encoding|etag|if_modified_since|server_tokens|send_timeout|limit_(?:req|conn)_log_level|real_ip_recursive|satisfy|auth_basic_user_file|auth_request_set|auth_jwt_.*|recursive_error_pages|proxy_ignore_client_abort)$/,
    what: "settings of nginx itself",
    why: "how processes, sockets, buffers and files are handled is Tidegate's own business",
    instead: "nothing, or see listeners and timeouts in the configuration reference",
  },
  {
    names: /^(?:access_log|log_format|open_log_file_cache)$/,
    what: "access logs",
    why: "every call is recorded in Tidegate's own call log",
    instead: "read it with `tidegate logs`",
  },
  {
    names:
      /^ssl_(?:protocols|ciphers|conf_command|prefer_.*|session_.*|dhparam|ecdh_curve|stapling.*|trusted_certificate|buffer_size|early_data|reject_handshake)$/,
    what: "settings of TLS",
    why: "protocol versions and ciphers are those of Tidegate's TLS library",
    instead: "nothing, unless old clients need older versions",
  },
  {
    names: /^(?:ssl_client_certificate|ssl_crl|ssl_verify_depth|ssl_ocsp.*)$/,
    what: "client certificates",
    why: "callers are known by their keys, not by certificates",
    instead: "give each caller an application with a key",
  },
  {
    names: /^ssl_password_file$/,
    what: "passphrases of private keys",
    why: "a file of passphrases is not read",
    instead: "set `listeners[].tls.passphrase` from the environment",
  },
  {
    names: /^(?:gzip.*|gunzip.*|brotli.*|zstd.*)$/,
    what: "compression",
    why: "Tidegate passes bodies on as the upstream sends them",
    instead: "let the upstream compress",
  },
  {
    names: /^(?:proxy_cache.*|proxy_no_cache|proxy_store.*|proxy_force_ranges|expires|slice|proxy_ignore_headers)$/,
    what: "caching",
    why: "answers are not cached, and their expiry is what the upstream says",
    instead: "let the upstream send Cache-Control, and cache in front of Tidegate where that is needed",
  },
  {
    names: /^(?:root|alias|index|autoindex.*|try_files|error_page|proxy_intercept_errors)$/,
    what: "files and error pages",
    why: "Tidegate serves no files; errors of an upstream are passed on",
    instead: "serve files by an upstream, or leave nginx in front of them",
  },
  {
    names: /^(?:map|geo|split_clients|set|set_by_lua.*)$/,
    what: "variables",
    why: "nothing in a configuration differs from call to call by variables; where one was used, that is noted too",
    instead: "nothing",
  },
  {
    names: /^(?:limit_conn.*|limit_rate.*|proxy_limit_rate)$/,
    what: "limits on connections and bandwidth",
    why: "calls are limited, not connections or bytes per second",
    instead: "set the service's `limits`",
  },
  {
    names: /^proxy_ssl_/,
    what: "TLS to upstreams",
    why: "Tidegate sends no client certificates to upstreams, and uses its TLS library's protocols and names",
    instead: "see `upstream.ca_file`; an upstream that asks for a client certificate can't be called",
  },
  {
    names: /^proxy_cookie_/,
    what: "rewriting of cookies",
    why: "cookies of the upstream are passed on as they are",
    instead: "let the upstream set them for its public address",
  },
  {
    names: /_by_lua|^lua_|^js_|^perl/,
    what: "programs in the gateway",
    why: "Lua, njs and Perl are not run",
    instead: "do in the upstream what they do, or leave nginx in front",
  },
  {
    names: /^(?:stream|mail)$/,
    what: "a block of another protocol than HTTP",
    why: "Tidegate speaks HTTP",
    instead: "leave nginx in front of these ports",
  },
];

/** Blocks whose content has been said enough about by a note for the whole. */
const OPAQUE = new Set([
  "types",
  "map",
  "geo",
  "split_clients",
  "upstream",
  "limit_except",
  "events",
  "stream",
  "mail",
]);

/** A note for each directive that nothing else has looked at, except within `skipped` blocks. */
export function noteOthers(directives: readonly Directive[], skipped: ReadonlySet<Directive>, notes: Notebook): void {
  const places = new Map<Family, { place: Place; name: string }[]>();
  visit(directives, skipped, (directive) => {
    if (READ.test(directive.name) || directive.name === "rewrite") return;
    const family = FAMILIES.find(({ names }) => names.test(directive.name));
    if (family !== undefined) places.set(family, [...(places.get(family) ?? []), directive]);
    else if (directive.name === "if") noteIf(directive, notes);
    else {
      const name = /^[a-z][a-z0-9_]*$/.test(directive.name) ? directive.name : "a directive";
      notes.leftOut(directive.place, name, "it has no counterpart", "leave nginx in front of what needs it");
    }
  });
  for (const [family, found] of places) {
    const names = [...new Set(found.map(({ name }) => name))].sort().join(", ");
    for (const { place } of found) notes.leftOut(place, `${family.what} (${names})`, family.why, family.instead);
  }
}

function visit(
  directives: readonly Directive[],
  skipped: ReadonlySet<Directive>,
  see: (directive: Directive) => void,
): void {
  for (const directive of directives) {
    if (skipped.has(directive)) continue;
    see(directive);
    if (directive.block !== null && !OPAQUE.has(directive.name) && directive.name !== "if")
      visit(directive.block, skipped, see);
  }
}

function noteIf({ block, place }: Directive, notes: Notebook): void {
  const names = new Set(block?.map(({ name }) => name));
  const redirects = block?.some(({ name, args }) => name === "return" && /^3\d\d$/.test(args[0] ?? ""));
  const what = redirects ? "if with a redirect" : `if with ${[...names].sort().join(", ") || "nothing"}`;
  const instead = redirects
    ? "redirect in front of Tidegate, or by the upstream"
    : "tell the calls apart by host, path and method in routes, or in the upstream";
  notes.leftOut(place, what, "conditions have no counterpart", instead);
}

import type { Access } from "../../../contracts/snapshot.ts";
import { routeShape } from "../../checks/route-path.ts";
import { BUILT_IN_PATHS } from "../../checks/routes.ts";
import type { RoutePart, ServicePart } from "../configuration-part.ts";
import type { ImportResult, Place } from "../import-result.ts";
import { idFrom, literal, UniqueNames } from "../names.ts";
import { Notebook } from "../notebook.ts";
import { fieldsOf, listOf, textOf } from "../shape.ts";
import { routePathOf } from "./path-template.ts";
import { type OpenApiDocument, type ReadReferenced, readOpenApi } from "./read-document.ts";
import { readServers, type UpstreamServer } from "./servers.ts";

export interface OpenApiImportOptions {
  file: string;
  readReferenced: ReadReferenced;
  /** By default made of the document's title. */
  serviceId?: string;
  team?: string;
  access?: Access;
  /** Host of all routes. */
  host?: string;
  /** Put before all paths that callers use; by default the path of the document's first server. */
  prefix?: string;
  /** Where calls go, in place of the document's servers. */
  upstream?: string;
}

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch"] as const;
/** Keys of a path item that are no operations (OpenAPI 3.1, "Path Item Object"). */
const NO_OPERATION = new Set(["$ref", "summary", "description", "servers", "parameters"]);
const MAX_ROUTE_ID_LENGTH = 200;

/** An OpenAPI 3.0 or 3.1 document: one route for each operation. Throws ImportError. */
export async function importOpenApi(text: string, options: OpenApiImportOptions): Promise<ImportResult> {
  const document = await readOpenApi(options.file, text, options.readReferenced);
  const notes = new Notebook();
  const services = new Operations(document, options, notes).services();
  noteDocument(document, services[0]?.access ?? "subscription", notes);
  return {
    configuration: { version: 1, ...(services.length === 0 ? {} : { services }) },
    notes: notes.list(),
    variables: [],
  };
}

class Operations {
  readonly #document: OpenApiDocument;
  readonly #options: OpenApiImportOptions;
  readonly #notes: Notebook;
  readonly #services = new Map<string, ServicePart>();
  readonly #serviceIds = new UniqueNames(["ai"]);
  /** Operation ids are unique in a document, whatever their service; so are the ids made here. */
  readonly #routeIds = new UniqueNames();
  readonly #shapes = new Map<string, string>();

  constructor(document: OpenApiDocument, options: OpenApiImportOptions, notes: Notebook) {
    this.#document = document;
    this.#options = options;
    this.#notes = notes;
  }

  services(): ServicePart[] {
    const { api } = this.#document;
    const common = api.paths === undefined ? [] : this.#servers(api.servers, ["servers"]);
    for (const [template, value] of Object.entries(fieldsOf(api.paths))) {
      if (template.startsWith("x-")) continue;
      const item = fieldsOf(value);
      const servers = item.servers === undefined ? common : this.#servers(item.servers, ["paths", template, "servers"]);
      this.#path(template, item, servers);
    }
    return [...this.#services.values()];
  }

  #servers(servers: unknown, path: readonly string[]): UpstreamServer[] {
    const upstream = this.#options.upstream ?? null;
    return readServers(servers, path, { source: this.#document.source, upstream, notes: this.#notes });
  }

  #path(template: string, item: Readonly<Record<string, unknown>>, servers: readonly UpstreamServer[]): void {
    const place = this.#document.source.placeOfKey(["paths", template]);
    const routePath = routePathOf(template);
    if (typeof routePath === "string") {
      this.#notes.leftOut(place, template, `it is no path of a route: ${routePath}`, "write a route for it by hand");
      return;
    }
    if (routePath.widened.length > 0) {
      const why = `a parameter is a whole segment of a route's path; ${routePath.widened.join(", ")} stands for any text here`;
      this.#notes.changed(place, template, why, "let the upstream answer 404 to what it does not know");
    }
    for (const [key, operation] of Object.entries(item)) {
      if (NO_OPERATION.has(key) || key.startsWith("x-")) continue;
      const method = METHODS.find((one) => one === key);
      const at = this.#document.source.placeOfKey(["paths", template, key]);
      if (method === undefined) {
        const why =
          key === "trace"
            ? "TRACE shows a caller what the gateway sends, credentials among it"
            : "it is no method that can be routed";
        this.#notes.leftOut(
          at,
          `${key.toUpperCase()} ${template}`,
          why,
          "nothing, or add the method to a route by hand",
        );
        continue;
      }
      const { servers: own } = fieldsOf(operation);
      const where = own === undefined ? servers : this.#servers(own, ["paths", template, method, "servers"]);
      this.#operation(template, method, fieldsOf(operation), routePath, where, at);
    }
  }

  #operation(
    template: string,
    method: string,
    operation: Readonly<Record<string, unknown>>,
    { path, match }: { path: string; match: "exact" | "pattern" },
    servers: readonly UpstreamServer[],
    place: Place,
  ): void {
    const { host } = this.#options;
    const name = `${method.toUpperCase()} ${template}`;
    if (operation.callbacks !== undefined) {
      const at = this.#document.source.placeOfKey(["paths", template, method, "callbacks"]);
      this.#notes.leftOut(
        at,
        `callbacks of ${name}`,
        "they are calls of the service, and don't go through the gateway",
        "nothing",
      );
    }
    const prefix = this.#prefix(servers);
    const outer = prefix + path;
    if (host === undefined && match === "exact" && BUILT_IN_PATHS.includes(outer)) {
      this.#notes.leftOut(place, name, `${outer} belongs to Tidegate itself`, "import with --host or --prefix");
      return;
    }
    const shape = `${method} ${routeShape(outer, match)}`;
    const rival = this.#shapes.get(shape);
    if (rival !== undefined) {
      const why = `its calls can't be told from those of ${rival}: parameters have no say in that`;
      this.#notes.leftOut(
        place,
        name,
        why,
        "nothing, if both go to the same upstream; otherwise give one another path",
      );
      return;
    }
    this.#shapes.set(shape, name);
    const service = this.#service(servers, prefix);
    const id = this.#routeIds.take(
      (textOf(operation.operationId) ?? name).replace(/\p{Cc}/gu, " ").slice(0, MAX_ROUTE_ID_LENGTH - 8),
    );
    const route: RoutePart = {
      id: literal(id),
      path: outer,
      match,
      ...(prefix === "" || keepsPrefix(servers, prefix) ? {} : { rewrite: path }),
      methods: [method.toUpperCase()],
      ...(host === undefined ? {} : { host }),
    };
    service.routes.push(route);
  }

  /** Callers go on using the paths of the first server, unless another prefix was asked for. */
  #prefix(servers: readonly UpstreamServer[]): string {
    const { prefix } = this.#options;
    return prefix === undefined ? (servers[0]?.basePath ?? "") : prefix.replace(/\/+$/, "");
  }

  #service(servers: readonly UpstreamServer[], prefix: string): ServicePart {
    const keeps = keepsPrefix(servers, prefix);
    const targets = servers.map(({ origin, basePath }, index) => ({
      url: keeps ? origin : origin + basePath,
      ...(servers.length === 1 ? {} : { weight: index === 0 ? 1 : 0 }),
    }));
    const key = JSON.stringify(targets);
    const known = this.#services.get(key);
    if (known !== undefined) return known;
    const { serviceId, team, access } = this.#options;
    const title = textOf(fieldsOf(this.#document.api.info).title) ?? "";
    const service: ServicePart = {
      id: this.#serviceIds.take(serviceId ?? idFrom(title.toLowerCase(), "imported")),
      kind: "rest",
      ...(team === undefined ? {} : { team }),
      access: access ?? "subscription",
      routes: [],
      upstream: { targets },
    };
    this.#services.set(key, service);
    if (servers.length > 1) {
      const place = this.#document.source.placeOf(["servers"]);
      const why =
        "they are alternatives, such as production and a sandbox, and not meant to share calls; all calls go to the first, the others have `weight: 0`";
      this.#notes.changed(place, "several servers", why, "give those a weight that may take calls");
    }
    return service;
  }
}

/** Where all servers have the path that callers use as well, nothing is rewritten. */
function keepsPrefix(servers: readonly UpstreamServer[], prefix: string): boolean {
  return prefix !== "" && servers.every(({ basePath }) => basePath === prefix);
}

function noteDocument({ api, source }: OpenApiDocument, access: Access, notes: Notebook): void {
  if (api.webhooks !== undefined) {
    const why = "they are calls of the service, and don't go through the gateway";
    notes.leftOut(source.placeOfKey(["webhooks"]), "webhooks", why, "nothing");
  }
  const schemes = fieldsOf(fieldsOf(api.components).securitySchemes);
  const [first] = Object.keys(schemes);
  if (first === undefined && listOf(api.security).length === 0) return;
  const place = source.placeOfKey(first === undefined ? ["security"] : ["components", "securitySchemes"]);
  const what = `security schemes (${Object.keys(schemes).join(", ") || "security"})`;
  if (access === "open") {
    notes.changed(
      place,
      what,
      "Tidegate does not check them, and passes credentials on to the upstream",
      "nothing, if the upstream checks them",
    );
    return;
  }
  const why = `callers are known by their Tidegate keys (access: ${access}), which come in the same headers and are not passed on`;
  notes.changed(
    place,
    what,
    why,
    "set the upstream's own credentials in `request_headers.set`, or import with --access open",
  );
}

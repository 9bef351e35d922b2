import { z } from "zod";
import { CATALOGUE, type CatalogueEntry } from "../providers/catalogue.ts";
import { type Field, fieldOf } from "./schema/introspection.ts";
import { schemaFor } from "./validate.ts";

/** The configuration reference in Markdown, made from the schema and the provider catalogue. */
export function configurationReference(): string {
  const sections = objectSections("", schemaFor(CATALOGUE)).map(formatSection);
  return [PREFACE, ...sections, catalogueSection(), EXAMPLE].join("\n");
}

const PREFACE = `# Configuration reference

<!-- Generated from src/snapshot/schema by \`node dist/src/docs/generate-configuration.js\`. Change the schema, not this file. -->

\`tidegate start --config tidegate.yaml\` reads one file, YAML or JSON. \`tidegate check tidegate.yaml\` validates it
without starting anything: it reports every mistake at once, each with its line and column and what is allowed there.
The file is read again when it changes, and on SIGHUP. A file with a mistake is refused whole, and what was served
before goes on being served.

- **Unknown keys** are mistakes.
- **Durations** are a number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`: \`500ms\`, \`5s\`, \`30d\`. Where it says so, \`0\` means no limit.
- **Sizes** are a number of bytes, or one with \`KiB\`, \`MiB\`, \`GiB\` (powers of 1024) or \`KB\`, \`MB\`, \`GB\` (powers of 1000).
- **Variables**: \`\${NAME}\` in a value stands for that environment variable; a variable that is not set is a mistake.
  \`\${NAME:-default}\` gives a default, \`$\${\` stands for \`\${\` itself. Put quotes around the value to have a text;
  without them a variable that holds a number, \`true\` or \`false\` counts as one.
- **References**: in the place of a secret may stand \`{ env: NAME }\`, \`{ file: path }\` or
  \`{ vault: { path: secret/openai, field: key } }\`, each with a \`prefix\` such as \`"Bearer "\`: [secrets.md](secrets.md).
- **Relative paths** of files begin at the folder of the configuration file.

Without a configuration file, Tidegate serves the provider \`simulated\` and each provider of the catalogue whose key is in
the environment, to an application \`quickstart\` whose key it generates and keeps in \`quickstart.key\` in its data folder.
`;

interface Section {
  /** e.g. `services[].routes[]`; "" for the top. */
  path: string;
  description: string;
  rows: { name: string; field: Field }[];
}

/** A section per mapping, parents before children, in the order of the schema. */
function objectSections(path: string, schema: z.core.$ZodType, described = ""): Section[] {
  const { inner, description, notes } = fieldOf(schema);
  if (notes.sectionAt !== undefined && notes.sectionAt !== path) return [];
  if (inner instanceof z.ZodArray) return objectSections(`${path}[]`, inner.element, description);
  if (!(inner instanceof z.ZodObject)) return [];
  const rows = Object.entries(inner.shape).map(([name, child]) => ({ name, field: fieldOf(child) }));
  const below = Object.entries(inner.shape).flatMap(([name, child]) =>
    objectSections(path === "" ? name : `${path}.${name}`, child),
  );
  return [{ path, description: described || description, rows }, ...below];
}

function formatSection({ path, description, rows }: Section): string {
  const title = path === "" ? "## Top level" : `## \`${path}\``;
  const intro = description === "" ? "" : `\n${description}\n`;
  const lines = rows.map(({ name, field }) =>
    tableRow([`\`${name}\``, typeOf(field), defaultOf(field), field.description]),
  );
  return [
    title,
    intro,
    tableRow(["Key", "Type", "Default", "Meaning"]),
    tableRow(["---", "---", "---", "---"]),
    ...lines,
  ]
    .join("\n")
    .concat("\n");
}

function tableRow(cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function typeOf(field: Field): string {
  const type = bareTypeOf(field);
  return field.nullable ? `${type} or null` : type;
}

function bareTypeOf({ inner, notes }: Field): string {
  if (notes.type !== undefined) return notes.type;
  if (inner instanceof z.ZodEnum) return inner.options.map((option) => `\`${option}\``).join(", ");
  if (inner instanceof z.ZodLiteral) return [...inner.values].map((value) => `\`${value}\``).join(", ");
  if (inner instanceof z.ZodBoolean) return "boolean";
  if (inner instanceof z.ZodArray) {
    const element = bareTypeOf(fieldOf(inner.element));
    return element.includes("`") ? `list of ${element}` : `list (${element})`;
  }
  if (inner instanceof z.ZodRecord) return "mapping of header names to values";
  return "mapping";
}

function defaultOf({ inner, required, notes, defaultValue, nullable }: Field): string {
  if (notes.shownDefault !== undefined) return notes.shownDefault;
  if (required) return "**required**";
  if (defaultValue === null || (defaultValue === undefined && nullable)) return "null";
  if (defaultValue === undefined) return "absent";
  if (inner instanceof z.ZodRecord) return "none";
  if (typeof defaultValue === "object" && !Array.isArray(defaultValue)) {
    const entries = Object.entries(defaultValue ?? {});
    return entries.length === 0
      ? "see below"
      : `\`${entries.map(([key, value]) => `${key}: ${String(value)}`).join(", ")}\``;
  }
  return Array.isArray(defaultValue) ? `\`[${defaultValue.join(", ")}]\`` : `\`${String(defaultValue)}\``;
}

function catalogueSection(): string {
  const rows = CATALOGUE.map((entry) => {
    const address = entry.baseUrl === null ? "—" : `\`${entry.baseUrl}\``;
    return tableRow([`\`${entry.kind}\``, entry.dialect, address, variablesOf(entry)]);
  });
  return `## Provider catalogue

The values of \`providers[].kind\`; \`{…}\` in an address stands for one of the provider's \`settings\`
([providers.md](providers.md) has those, and what is special about each kind). The variables are those that add the provider
when there is no configuration file; an address without a path gets the path of the usual one.

${tableRow(["Kind", "Dialect", "Address", "Variables"])}
${tableRow(["---", "---", "---", "---"])}
${rows.join("\n")}
`;
}

function variablesOf(entry: CatalogueEntry): string {
  // What is not added by itself takes nothing from the environment.
  const settings = entry.envKey === null ? [] : (entry.settings ?? []).map(({ env }) => env ?? null);
  const variables = [entry.envKey, ...settings, entry.envBaseUrl].filter((name) => name !== null);
  return variables.length === 0 ? "—" : variables.map((name) => `\`${name}\``).join(", ");
}

const EXAMPLE = `## Example

\`\`\`yaml
version: 1
listeners:
  - { address: "0.0.0.0:8080" }
trusted_proxies: ["10.0.0.0/8"]
providers:
  - id: openai
    kind: openai
    keys: [{ id: main, value: "\${OPENAI_API_KEY}" }]
  - id: anthropic
    kind: anthropic
    keys: [{ value: "\${ANTHROPIC_API_KEY}" }]
models:
  - name: fast
    targets:
      - { provider: openai, model: gpt-4o-mini }
      - { provider: anthropic, model: claude-haiku-4-5 }
services:
  - id: billing
    team: finance
    routes: [{ path: /billing, strip_prefix: true, methods: [GET, POST] }]
    upstream: { targets: [{ url: "http://127.0.0.1:9001" }] }
    limits: [{ requests: 100, window: 1m }]
applications:
  - id: web
    keys: ["\${WEB_KEY}"]
    subscriptions: [billing, ai]
    limits: [{ requests: 60, window: 1m }, { tokens: 100000, window: 1d }, { cost_usd: 25, window: 30d }]
\`\`\`
`;

import { writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { EXIT, type ExitCode } from "../../bootstrap/exit-codes.ts";
import type { Access } from "../../contracts/snapshot.ts";
import { formatNote, formatPlace, ImportError, type ImportResult } from "../../snapshot/importers/import-result.ts";
import { importLiteLlm } from "../../snapshot/importers/litellm/import-litellm.ts";
import { mergeImports } from "../../snapshot/importers/merge.ts";
import { importNginx } from "../../snapshot/importers/nginx/import-nginx.ts";
import { importOpenApi } from "../../snapshot/importers/openapi/import-openapi.ts";
import { renderYaml } from "../../snapshot/importers/render.ts";
import { type Verification, verifyImport } from "../../snapshot/importers/verify.ts";
import { formatProblems } from "../../snapshot/problems/problem.ts";
import { hostPattern, upstreamUrl } from "../../snapshot/schema/addresses.ts";
import { routePath } from "../../snapshot/schema/common.ts";
import { id } from "../../snapshot/schema/scalars.ts";
import type { Finish } from "../command.ts";
import { includedFiles, readSource, referencedFiles } from "../import-files.ts";

interface OutputOptions {
  output?: string;
  force?: boolean;
  json?: boolean;
  strict?: boolean;
}

interface OpenApiOptions extends OutputOptions {
  serviceId?: string;
  team?: string;
  access?: Access;
  host?: string;
  prefix?: string;
  upstream?: string;
}

interface NginxOptions extends OutputOptions {
  includeRoot?: string;
  team?: string;
  access?: Access;
}

export function importCommand(finish: Finish): Command {
  const command = new Command("import").description(
    "make a tidegate.yaml of another product's configuration; starts nothing",
  );
  command.addCommand(openApiCommand(finish));
  command.addCommand(nginxCommand(finish));
  command.addCommand(liteLlmCommand(finish));
  return command;
}

function openApiCommand(finish: Finish): Command {
  return withOutput(new Command("openapi"))
    .description("services from OpenAPI 3.0 and 3.1 documents: one route for each operation")
    .argument("<files...>", "OpenAPI documents, YAML or JSON")
    .option("--service-id <id>", "id of the service (default: made of the document's title)", matching(id, "an id"))
    .option("--team <id>", "team that owns the services", matching(id, "an id"))
    .addOption(accessOption("subscription"))
    .option("--host <host>", "host of all routes", matching(hostPattern, "a host name"))
    .option("--prefix <path>", "put before all paths that callers use (default: the path of the first server)", prefix)
    .option("--upstream <url>", "where calls go, in place of the document's servers", matching(upstreamUrl, "a URL"))
    .action(async (files: string[], options: OpenApiOptions, command: Command) => {
      if (files.length > 1 && options.serviceId !== undefined) {
        command.error("error: --service-id names one service: import the documents one by one", {
          exitCode: EXIT.usage,
        });
      }
      const run = async () => {
        const results: ImportResult[] = [];
        for (const file of files) {
          results.push(
            await importOpenApi(readSource(file), { ...options, file, readReferenced: referencedFiles(file) }),
          );
        }
        return mergeImports(results);
      };
      finish(await runImport(run, files, options));
    });
}

function nginxCommand(finish: Finish): Command {
  return withOutput(new Command("nginx"))
    .description("listeners and services from an nginx.conf, or from files with server and upstream blocks")
    .argument("<files...>", "nginx configuration files; several are taken as one")
    .option(
      "--include-root <dir>",
      "where relative includes and certificates begin (default: the folder of the first file)",
    )
    .option("--team <id>", "team that owns the services", matching(id, "an id"))
    .addOption(accessOption("open, as nginx lets everybody in; subscription where it does not"))
    .action(async (files: string[], options: NginxOptions) => {
      const run = async () => {
        const sources = files.map((file) => ({ file, text: readSource(file) }));
        const includeRoot = resolve(options.includeRoot ?? dirname(files[0] ?? "."));
        return importNginx(sources, { ...options, includeRoot, files: includedFiles });
      };
      finish(await runImport(run, files, options));
    });
}

function liteLlmCommand(finish: Finish): Command {
  return withOutput(new Command("litellm"))
    .description("providers and models from a LiteLLM proxy's config.yaml")
    .argument("<file>", "LiteLLM configuration file")
    .action(async (file: string, options: OutputOptions) => {
      finish(await runImport(async () => importLiteLlm(readSource(file), { file }), [file], options));
    });
}

function withOutput(command: Command): Command {
  return command
    .option("-o, --output <file>", "write the configuration there instead of printing it")
    .option("--force", "overwrite the output file")
    .option("--json", "print configuration, notes and variables as JSON")
    .option("--strict", "fail, and write nothing, when there is anything to note");
}

function accessOption(byDefault: string): Option {
  return new Option("--access <access>", `who may call the services (default: ${byDefault})`).choices([
    "open",
    "key",
    "subscription",
  ]);
}

/** Parses an option with a scalar of the schema. */
function matching(
  scalar: { safeParse(value: unknown): { success: boolean } },
  expected: string,
): (text: string) => string {
  return (text) => {
    if (scalar.safeParse(text).success) return text;
    throw new InvalidArgumentError(`Expected ${expected}.`);
  };
}

function prefix(text: string): string {
  if (text === "" || text === "/") return "";
  if (routePath.safeParse(text).success && !/[:*]/.test(text)) return text;
  throw new InvalidArgumentError("Expected a path that begins with `/`.");
}

async function runImport(
  run: () => Promise<ImportResult>,
  files: readonly string[],
  options: OutputOptions,
): Promise<ExitCode> {
  let result: ImportResult;
  try {
    result = await run();
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    const { place, message } = error;
    if (options.json) print(JSON.stringify({ ok: false, error: { ...place, message } }, null, 2));
    else process.stderr.write(`${formatPlace(place)}: ${message}\n`);
    return EXIT.configuration;
  }
  const verification = verifyImport(result, options.output ?? "tidegate.yaml");
  return present(result, verification, files, options);
}

function present(
  result: ImportResult,
  { problems, files: unread }: Verification,
  files: readonly string[],
  options: OutputOptions,
): ExitCode {
  const isStrictFailure = options.strict === true && result.notes.length > 0;
  const isGood = problems.length === 0 && !isStrictFailure;
  const exitCode = problems.length > 0 ? EXIT.configuration : isGood ? EXIT.ok : EXIT.failed;
  const { configuration, notes, variables } = result;
  if (!options.json) {
    for (const note of notes) process.stderr.write(`${formatNote(note)}\n`);
    if (unread.length > 0)
      process.stderr.write(
        `the configuration names files that are not as they should be here:\n${formatProblems(unread)}\n`,
      );
    if (problems.length > 0)
      process.stderr.write(`the configuration is not accepted as it is:\n${formatProblems(problems)}\n`);
    if (isStrictFailure) process.stderr.write(`${notes.length} to note: with --strict nothing is written\n`);
  }
  if (
    !isStrictFailure &&
    options.output !== undefined &&
    !write(options.output, renderYaml(result, files.join(", ")), options)
  ) {
    return EXIT.failed;
  }
  if (options.json)
    print(JSON.stringify({ ok: isGood, configuration, notes, variables, problems, unreadFiles: unread }, null, 2));
  else if (options.output === undefined && !isStrictFailure) process.stdout.write(renderYaml(result, files.join(", ")));
  return exitCode;
}

function write(output: string, yaml: string, { force }: OutputOptions): boolean {
  try {
    writeFileSync(output, yaml, { flag: force === true ? "w" : "wx" });
    process.stderr.write(`wrote ${output}\n`);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    const reason = code === "EEXIST" ? "it is there already; --force overwrites it" : String(code);
    process.stderr.write(`can't write ${output}: ${reason}\n`);
    return false;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

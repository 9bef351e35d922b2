import { readFileSync } from "node:fs";
import { Command } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { explainCall } from "../../bootstrap/explain.ts";
import { homeDirectory } from "../../bootstrap/home.ts";
import { type Finish, wholeNumber } from "../command.ts";
import { explanationLines } from "../explanation-lines.ts";

interface Options {
  key?: string;
  keyFile?: string;
  header: Header[];
  config?: string;
  address: string;
  bodyBytes: number;
  model?: string;
  bodyFile?: string;
  json?: boolean;
}

type Header = readonly [name: string, value: string];

export function explainCommand(finish: Finish): Command {
  return new Command("explain")
    .description("say what the gateway would do with a call, and why; makes no call")
    .argument("<method>", "HTTP method")
    .argument("<url>", "URL, or path")
    .option("-k, --key <key>", "API key to call with (others may see it in the list of processes: see --key-file)")
    .option("--key-file <file>", "file that holds the API key")
    .option("-H, --header <name: value>", "request header; may be given several times", addHeader, [])
    .option("-c, --config <file>", "configuration file (default: what the data directory served last)")
    .option("--address <ip>", "the caller's address", "127.0.0.1")
    .option("--body-bytes <n>", "length of the request body", wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .option("--model <name>", "the model that the body names, for calls of the unified API")
    .option(
      "--body-file <file>",
      "file that holds the request body, for what depends on it: rules, hints, unsupported fields, tools",
    )
    .option("--json", "print the explanation as JSON")
    .action(async (method: string, url: string, options: Options) => {
      const explained = await explainCall({
        method,
        url,
        headers: [...options.header, ...keyHeaders(options)],
        clientAddress: options.address,
        bodyBytes: options.bodyBytes,
        model: options.model ?? null,
        body: options.bodyFile === undefined ? null : readBody(options.bodyFile),
        configPath: options.config ?? null,
        home: homeDirectory(process.env),
        env: process.env,
        nowMs: Date.now(),
      });
      const text = options.json ? JSON.stringify(explained, null, 2) : explanationLines(explained).join("\n");
      process.stdout.write(`${text}\n`);
      finish(explained.explanation.verdict === "refused" ? EXIT.failed : EXIT.ok);
    });
}

function addHeader(text: string, headers: Header[]): Header[] {
  const colon = text.indexOf(":");
  const name = text.slice(0, colon).trim().toLowerCase();
  // Commander would repeat it, and it may be a key.
  if (colon < 1 || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) {
    throw new StartError(EXIT.usage, "--header: expected `Name: value`");
  }
  return [...headers, [name, text.slice(colon + 1).trim()]];
}

function keyHeaders({ key, keyFile }: Options): Header[] {
  if (key !== undefined && keyFile !== undefined)
    throw new StartError(EXIT.usage, "give --key or --key-file, not both");
  const found = keyFile === undefined ? key : readKey(keyFile);
  return found === undefined ? [] : [["x-api-key", found]];
}

function readBody(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new StartError(EXIT.usage, `can't read the body: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readKey(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new StartError(EXIT.usage, `can't read the key: ${error instanceof Error ? error.message : String(error)}`);
  }
  const key = text.trim();
  if (key === "") throw new StartError(EXIT.usage, `${file} holds no key`);
  return key;
}

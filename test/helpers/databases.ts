import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { freePorts } from "./ports.ts";

/** For `describe.each`: every suite of the control plane runs on both. */
export const DATABASES = ["sqlite", "postgres"] as const;
export type DatabaseKind = (typeof DATABASES)[number];

/** In every URL of a cluster: must never be seen anywhere. */
export const POSTGRES_PASSWORD = "canary-postgres-password";

/** A worker may be killed, with no time for anything. */
const END_WITH_WORKER = `
while kill -0 $PID; do sleep 0.5; done
kill -KILL $(head -n 1 $DIRECTORY/data/postmaster.pid)
sleep 1
rm -rf $DIRECTORY`;

let shared: Promise<PostgresCluster> | null = null;

const INSTALLATIONS = "/usr/lib/postgresql";
const START_LIMIT_MS = 20_000;

/** A PostgreSQL of the test's own, on a free port of 127.0.0.1, with its data in a temporary directory. See `shared`. */
export class PostgresCluster {
  readonly #directory: string;
  readonly #port: number;
  readonly #user: { uid: number; gid: number } | undefined;
  #server: ChildProcess | null = null;
  #databases = 0;

  static async #start(): Promise<PostgresCluster> {
    const [port = 0] = await freePorts(1);
    const cluster = new PostgresCluster(port);
    await cluster.#initialise();
    await cluster.startServer();
    return cluster;
  }

  /**
   * One for all files that a worker of vitest runs, each with databases of its own: to make one takes seconds. It ends with
   * the worker; whoever stops a server starts one.
   */
  static shared(): Promise<PostgresCluster> {
    shared ??= PostgresCluster.#start().then((cluster) => {
      const variables = { PID: String(process.pid), DIRECTORY: cluster.#directory };
      spawn("sh", ["-c", END_WITH_WORKER], {
        env: { ...process.env, ...variables },
        detached: true,
        stdio: "ignore",
      }).unref();
      return cluster;
    });
    return shared;
  }

  private constructor(port: number) {
    this.#directory = mkdtempSync(join(tmpdir(), "tidegate-postgres-"));
    this.#port = port;
    // PostgreSQL refuses to run as root.
    this.#user = process.getuid?.() === 0 ? postgresUser() : undefined;
    if (this.#user !== undefined) chownSync(this.#directory, this.#user.uid, this.#user.gid);
  }

  async #initialise(): Promise<void> {
    const passwordFile = join(this.#directory, "password");
    writeFileSync(passwordFile, POSTGRES_PASSWORD);
    chmodSync(passwordFile, 0o600);
    if (this.#user !== undefined) chownSync(passwordFile, this.#user.uid, this.#user.gid);
    const args = ["-D", this.#data, "-U", "tidegate", "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
    const options = { ...this.#user, cwd: this.#directory };
    await promisify(execFile)(
      program("initdb"),
      [...args, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"],
      options,
    );
  }

  async startServer(): Promise<void> {
    const settings = ["listen_addresses=127.0.0.1", `port=${this.#port}`, "unix_socket_directories=", "fsync=off"];
    const args = ["-D", this.#data, ...settings.flatMap((setting) => ["-c", setting])];
    const server = spawn(program("postgres"), args, { ...this.#user, cwd: this.#directory, stdio: "ignore" });
    this.#server = server;
    process.once("exit", this.#killServer);
    for (const endMs = Date.now() + START_LIMIT_MS; !(await this.#answers()); await delay(20)) {
      if (server.exitCode !== null || Date.now() > endMs) throw new Error(`PostgreSQL in ${this.#data} does not start`);
    }
  }

  /** Connections break; the data stays for `startServer`. */
  async stopServer(signal: NodeJS.Signals = "SIGINT"): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    process.removeListener("exit", this.#killServer);
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  }

  url(database: string): string {
    return `postgres://tidegate:${POSTGRES_PASSWORD}@127.0.0.1:${this.#port}/${database}`;
  }

  /** The URL of a new database; `template`: the name of one to copy, which nobody may be connected to. */
  async createDatabase(template = "template1"): Promise<string> {
    const name = `test_${++this.#databases}_${randomBytes(3).toString("hex")}`;
    await this.query(`create database ${name} template ${template}`);
    return this.url(name);
  }

  /** As the administrator of the cluster, on its own database or another one. */
  async query(text: string, database = "postgres"): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }

  readonly #killServer = () => this.#server?.kill("SIGQUIT");

  async #answers(): Promise<boolean> {
    try {
      await this.query("select 1");
      return true;
    } catch {
      return false;
    }
  }

  get #data(): string {
    return join(this.#directory, "data");
  }
}

/** The newest version that is installed. */
function program(name: string): string {
  const versions = existsSync(INSTALLATIONS) ? readdirSync(INSTALLATIONS).sort((a, b) => Number(b) - Number(a)) : [];
  const path = versions.map((version) => join(INSTALLATIONS, version, "bin", name)).find((one) => existsSync(one));
  if (path !== undefined) return path;
  throw new Error(`these tests need PostgreSQL's ${name}: install postgresql (Debian: apt-get install postgresql)`);
}

function postgresUser(): { uid: number; gid: number } {
  const idOf = (flag: string) =>
    Number(execFileSync("id", [flag, "postgres"], { stdio: ["ignore", "pipe", "ignore"] }));
  try {
    return { uid: idOf("-u"), gid: idOf("-g") };
  } catch {
    throw new Error("these tests need the user postgres: install postgresql (Debian: apt-get install postgresql)");
  }
}

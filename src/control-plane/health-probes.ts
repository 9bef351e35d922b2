import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import type { Logger } from "../contracts/logger.ts";
import type { ActiveHealthCheckSnapshot, RestServiceSnapshot, ServiceSnapshot } from "../contracts/snapshot.ts";
import { parseUnixUrl } from "../platform/unix-url.ts";

export interface HealthProbesOptions {
  logger: Logger;
  /** The set of unhealthy targets is another one; keys as in TargetHealthMessage. */
  onChange(unhealthy: string[]): void;
}

/** Probes begin at a random moment of this part of the interval, so that targets are not all asked at once. */
const JITTER = 0.1;

/** Active health checks of services' targets, for all gateways of the machine. A target counts as healthy at first. */
export class HealthProbes {
  readonly #options: HealthProbesOptions;
  readonly #probes = new Map<string, TargetProbe>();
  #adopted: ReadonlySet<string> = new Set();
  /** What gateways were told last. */
  #reported = "";

  constructor(options: HealthProbesOptions) {
    this.#options = options;
  }

  get unhealthy(): string[] {
    return [...this.#probes.values()].filter(({ healthy }) => !healthy).map(({ key }) => key);
  }

  /** Takes over what an earlier control process had found, so that a dead target gets no calls while it is probed anew. */
  adopt(unhealthy: readonly string[]): void {
    this.#adopted = new Set(unhealthy);
    this.#reported = fingerprint(unhealthy);
    for (const probe of this.#probes.values()) if (this.#adopted.has(probe.key)) probe.healthy = false;
  }

  /** Probes that stay as they were keep what they know. */
  update(snapshot: { readonly services: readonly ServiceSnapshot[] }): void {
    const wanted = new Map<string, { service: RestServiceSnapshot; url: string; check: ActiveHealthCheckSnapshot }>();
    for (const service of snapshot.services) {
      if (service.kind === "ai") continue;
      const { active, caFile } = service.upstream;
      if (active === null) continue;
      for (const { url } of service.upstream.targets) {
        wanted.set(JSON.stringify([service.id, url, active, caFile]), { service, url, check: active });
      }
    }
    // A check that has become another one begins with what the one before had found.
    const known = new Set(this.#adopted);
    for (const [identity, probe] of this.#probes) {
      if (wanted.has(identity)) continue;
      probe.stop();
      if (!probe.healthy) known.add(probe.key);
      this.#probes.delete(identity);
    }
    for (const [identity, { service, url, check }] of wanted) {
      if (this.#probes.has(identity)) continue;
      const key = `${service.id} ${url}`;
      const target = { url, base: baseOf(service, url) };
      const probe = new TargetProbe(key, target, check, service.upstream.caFile, (healthy, reason) =>
        this.#changed(key, healthy, reason),
      );
      probe.healthy = !known.has(key);
      this.#probes.set(identity, probe);
      probe.start();
    }
    this.#adopted = new Set();
    this.#report();
  }

  stop(): void {
    for (const probe of this.#probes.values()) probe.stop();
    this.#probes.clear();
  }

  #changed(target: string, healthy: boolean, reason: string): void {
    if (healthy) this.#options.logger.info({ target }, "upstream target is healthy again");
    else this.#options.logger.warn({ target, reason }, "upstream target is unhealthy");
    this.#report();
  }

  #report(): void {
    const { unhealthy } = this;
    if (fingerprint(unhealthy) === this.#reported) return;
    this.#reported = fingerprint(unhealthy);
    this.#options.onChange(unhealthy);
  }
}

/** What the path of a check is put behind. The URL of an MCP server is that of its endpoint, which says nothing to GET. */
function baseOf({ kind }: ServiceSnapshot, url: string): string {
  const unix = parseUnixUrl(url);
  if (kind === "mcp") return unix === null ? new URL(url).origin : "http://localhost";
  return unix === null ? url.replace(/\/$/, "") : `http://localhost${unix.pathPrefix}`;
}

function fingerprint(targets: readonly string[]): string {
  return [...targets].sort().join("\n");
}

class TargetProbe {
  readonly key: string;
  readonly #url: string;
  readonly #check: ActiveHealthCheckSnapshot;
  readonly #onChange: (healthy: boolean, reason: string) => void;
  readonly #agent: Agent;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  /** Results in a row that differ from the current state. */
  #contrary = 0;
  healthy = true;

  constructor(
    key: string,
    { url, base }: { url: string; base: string },
    check: ActiveHealthCheckSnapshot,
    caFile: string | null,
    onChange: (healthy: boolean, reason: string) => void,
  ) {
    this.key = key;
    const unix = parseUnixUrl(url);
    this.#url = base + check.path;
    this.#check = check;
    this.#onChange = onChange;
    const connect = {
      ...(caFile === null ? {} : { ca: readFileSync(caFile) }),
      ...(unix === null ? {} : { socketPath: unix.socketPath }),
    };
    // A connection of its own for each probe: one kept open says nothing about whether new ones are accepted.
    this.#agent = new Agent({ connect: { ...connect, timeout: check.timeoutMs }, pipelining: 0 });
  }

  start(): void {
    this.#schedule(Math.random() * JITTER * this.#check.intervalMs);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    void this.#agent.destroy();
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#run(), delayMs);
  }

  async #run(): Promise<void> {
    const failure = await this.#probe();
    if (this.#stopped) return;
    this.#record(failure);
    const { intervalMs } = this.#check;
    this.#schedule(intervalMs * (1 - JITTER / 2 + Math.random() * JITTER));
  }

  /** Null when the answer is as expected, otherwise what was wrong. */
  async #probe(): Promise<string | null> {
    const { timeoutMs, expectStatus } = this.#check;
    const patience = new Patience(timeoutMs);
    try {
      const { statusCode, body } = await request(this.#url, {
        dispatcher: this.#agent,
        signal: patience.signal,
        headers: { "user-agent": "tidegate-health-check" },
      });
      await body.dump();
      const [from, to] = expectStatus;
      return statusCode >= from && statusCode <= to ? null : `answered with status ${statusCode}`;
    } catch (error) {
      if (patience.isOver) return `no answer within ${timeoutMs} ms`;
      return error instanceof Error ? error.message : String(error);
    } finally {
      patience.end();
    }
  }

  #record(failure: string | null): void {
    const isHealthy = failure === null;
    if (isHealthy === this.healthy) {
      this.#contrary = 0;
      return;
    }
    this.#contrary++;
    const needed = isHealthy ? this.#check.healthyAfter : this.#check.unhealthyAfter;
    if (this.#contrary < needed) return;
    this.#contrary = 0;
    this.healthy = isHealthy;
    this.#onChange(isHealthy, failure ?? "");
  }
}

/** A timer that comes so much later than it should says that this process was held up: it runs below the gateway workers. */
const HELD_UP_MS = 50;

/** As AbortSignal.timeout. After a time in which this process could not have seen an answer, one is waited for anew. */
class Patience {
  readonly #controller = new AbortController();
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#timer = this.#wait();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isOver(): boolean {
    return this.signal.aborted;
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #wait(): NodeJS.Timeout {
    const dueMs = performance.now() + this.#timeoutMs;
    return setTimeout(() => {
      if (performance.now() - dueMs > HELD_UP_MS) this.#timer = this.#wait();
      else this.#controller.abort();
    }, this.#timeoutMs);
  }
}

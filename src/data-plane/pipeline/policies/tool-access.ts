import { GatewayError } from "../../../contracts/errors.ts";
import type { PolicyLevel, ToolAccessSnapshot } from "../../../contracts/policies.ts";
import type { ServiceSnapshot, Snapshot, SubscriptionSnapshot } from "../../../contracts/snapshot.ts";
import type { CompiledApplication } from "../compiled.ts";
import type { Context } from "../context.ts";
import { matcherOf } from "./name-patterns.ts";

/** What one level says of the tools that may be called. */
export interface ToolAccessLayer {
  level: PolicyLevel;
  tools: ToolAccessSnapshot;
}

interface CompiledLayer extends ToolAccessLayer {
  isAllowed: (name: string) => boolean;
  isDenied: (name: string) => boolean;
}

/** Which tools of one service a caller may use, by all levels together. */
export class ToolAccess {
  readonly #service: string;
  readonly #layers: readonly CompiledLayer[];

  constructor(service: string, layers: readonly ToolAccessLayer[]) {
    this.#service = service;
    this.#layers = layers.map(compileLayer);
  }

  /** From the most general level on. */
  get layers(): readonly ToolAccessLayer[] {
    return this.#layers;
  }

  allows(tool: string): boolean {
    return this.refusedBy(tool) === null;
  }

  /** The level that does not let it be called; null: all do. */
  refusedBy(tool: string): PolicyLevel | null {
    const qualified = `${this.#service}/${tool}`;
    // A server could name a tool like another service's: what has a slash in it is known with its own service alone.
    const names = tool.includes("/") ? [qualified] : [tool, qualified];
    for (const { level, isAllowed, isDenied } of this.#layers) {
      if (!names.some(isAllowed) || isDenied(tool) || isDenied(qualified)) return level;
    }
    return null;
  }
}

/** What is denied is denied whatever the letters' case: a server may not tell `Delete` from `delete`. */
function compileLayer({ level, tools }: ToolAccessLayer): CompiledLayer {
  const { allow, deny } = tools;
  const isMatch = matcherOf(deny.map((pattern) => pattern.toLowerCase()));
  return {
    level,
    tools,
    isAllowed: allow === null ? () => true : matcherOf(allow),
    isDenied: deny.length === 0 ? () => false : (name) => isMatch(name.toLowerCase()),
  };
}

interface Known {
  subscription: SubscriptionSnapshot | null;
  access: ToolAccess | null;
}

/** The rules of a snapshot on who may call which tools. */
export class ToolAccessRules {
  readonly #organisation: ToolAccessSnapshot | undefined;
  readonly #teams: ReadonlyMap<string, ToolAccessSnapshot>;
  readonly #ofStrangers = new WeakMap<ServiceSnapshot, Known>();
  readonly #ofCallers = new WeakMap<CompiledApplication, WeakMap<ServiceSnapshot, Known>>();

  constructor({ policies, teams = [] }: Pick<Snapshot, "policies" | "teams">) {
    this.#organisation = policies?.tools;
    this.#teams = new Map(teams.flatMap(({ id, policies: { tools } }) => (tools === undefined ? [] : [[id, tools]])));
  }

  /** null: any tool. `application` null: the caller is nobody known. */
  of(
    service: ServiceSnapshot,
    application: CompiledApplication | null,
    subscription: SubscriptionSnapshot | null,
  ): ToolAccess | null {
    const known = this.#knownOf(application);
    const before = known.get(service);
    if (before !== undefined && before.subscription === subscription) return before.access;
    const said: [PolicyLevel, ToolAccessSnapshot | undefined][] = [
      ["organisation", this.#organisation],
      ["team", application === null ? undefined : this.#teams.get(application.team)],
      ["application", application?.snapshot.policies?.tools],
      ["service", service.policies?.tools],
      ["subscription", subscription?.policies?.tools],
    ];
    const layers = said.flatMap(([level, tools]) => (tools === undefined ? [] : [{ level, tools }]));
    const access = layers.length === 0 ? null : new ToolAccess(service.id, layers);
    known.set(service, { subscription, access });
    return access;
  }

  #knownOf(application: CompiledApplication | null): WeakMap<ServiceSnapshot, Known> {
    if (application === null) return this.#ofStrangers;
    let known = this.#ofCallers.get(application);
    if (known === undefined) {
      known = new WeakMap();
      this.#ofCallers.set(application, known);
    }
    return known;
  }
}

/** Throws `tool_not_allowed` for a call of a tool that the caller may not use. */
export function requireTool({ toolAccess, application, mcp }: Context): void {
  const tool = mcp?.message?.tool ?? null;
  if (tool === null) return;
  const level = toolAccess?.refusedBy(tool) ?? null;
  if (level === null) return;
  const who = application === null ? "callers without a key" : `application ${application.id}`;
  const message = `${who} may not use tool \`${tool.slice(0, 200)}\`, by the ${level}'s list of tools: tools/list has those that may be used`;
  throw new GatewayError("tool_not_allowed", message, { param: "params.name" });
}

import { GatewayError } from "../../../contracts/errors.ts";
import type { ModelAccessSnapshot, PolicyLevel } from "../../../contracts/policies.ts";
import type { Snapshot, SubscriptionSnapshot } from "../../../contracts/snapshot.ts";
import type { CompiledApplication } from "../compiled.ts";
import type { Context } from "../context.ts";
import { subscriptionTo } from "../subscriptions.ts";
import { matcherOf } from "./name-patterns.ts";

/** What one level says of the models that may be called. */
export interface ModelAccessLayer {
  level: PolicyLevel;
  models: ModelAccessSnapshot;
}

/** Which models a caller may use, by all levels together. Callers with the same rules share one. */
export class ModelAccess {
  /** Tells it from others of its snapshot; above 0. */
  readonly number: number;
  readonly #layers: readonly CompiledLayer[];

  constructor(number: number, layers: readonly ModelAccessLayer[]) {
    this.number = number;
    this.#layers = layers.map(compileLayer);
  }

  /** From the most general level on. */
  get layers(): readonly ModelAccessLayer[] {
    return this.#layers;
  }

  /** `names`: what it is called by, and the name of the route behind it. */
  allows(...names: readonly string[]): boolean {
    return this.refusedBy(names) === null;
  }

  /** The level that does not let it be called; null: all do. */
  refusedBy(names: readonly string[]): PolicyLevel | null {
    for (const { level, isAllowed, isDenied } of this.#layers) {
      if (!names.some(isAllowed) || names.some(isDenied)) return level;
    }
    return null;
  }

  /** The level that keeps some model of the provider from being called; null: none does. */
  keepsFrom(provider: string): PolicyLevel | null {
    const beginning = `${provider}/`;
    for (const { level, models, denied } of this.#layers) {
      const { allow } = models;
      const isAll = allow === null || allow.some((pattern) => coversAll(pattern, beginning));
      if (!isAll || denied.some((pattern) => touches(pattern, beginning.toLowerCase()))) return level;
    }
    return null;
  }
}

interface CompiledLayer extends ModelAccessLayer {
  /** The patterns of `deny`, in each spelling that is looked at. */
  denied: readonly string[];
  isAllowed: (name: string) => boolean;
  isDenied: (name: string) => boolean;
}

function compileLayer({ level, models }: ModelAccessLayer): CompiledLayer {
  const { allow, deny } = models;
  const denied = [...new Set(deny.flatMap(spellings))];
  const isAllowed = allow === null ? () => true : matcherOf(allow);
  const isMatch = matcherOf(denied);
  const isDenied = deny.length === 0 ? () => false : (name: string) => spellings(name).some(isMatch);
  return { level, models, denied, isAllowed, isDenied };
}

/**
 * As a provider may know the name as well, so that what is denied is not got by writing it otherwise: in other letters (Azure's
 * deployments), with `models/` before it (Gemini), with segments that say nothing (servers that tidy a path up).
 */
function spellings(name: string): string[] {
  const lower = name.toLowerCase();
  const plain = lower.replace(/\/(?:\.?\/)+/g, "/").replace(/^([^/]+\/)(?:models\/)+/, "$1");
  return plain === lower ? [lower] : [lower, plain];
}

/** Whether it matches every name that begins so. */
function coversAll(pattern: string, beginning: string): boolean {
  return (
    pattern.endsWith("*") && pattern.indexOf("*") === pattern.length - 1 && beginning.startsWith(pattern.slice(0, -1))
  );
}

/** Whether it may match a name that begins so. */
function touches(pattern: string, beginning: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern.startsWith(beginning);
  const fixed = pattern.slice(0, star);
  return fixed.startsWith(beginning) || beginning.startsWith(fixed);
}

/** The rules of a snapshot on who may call which models. */
export class ModelAccessRules {
  readonly #organisation: ModelAccessSnapshot | undefined;
  readonly #teams: ReadonlyMap<string, ModelAccessSnapshot>;
  /** By what they say. */
  readonly #known = new Map<string, ModelAccess>();
  readonly #ofCallers = new WeakMap<CompiledApplication, Map<ModelAccessSnapshot | null, OfCaller>>();
  readonly #ofNobody = new Map<ModelAccessSnapshot | null, ModelAccess | null>();
  readonly #callerNumbers = new Map<string, number>();
  readonly #numbersOfCallers = new WeakMap<CompiledApplication, number>();

  constructor({ policies, teams = [] }: Pick<Snapshot, "policies" | "teams">) {
    this.#organisation = policies?.models;
    this.#teams = new Map(
      teams.flatMap(({ id, policies: { models } }) => (models === undefined ? [] : [[id, models]])),
    );
  }

  /** null: any model. `service`: what is said of the service that is called. `application` null: the caller is nobody known. */
  of(
    service: ModelAccessSnapshot | null,
    application: CompiledApplication | null,
    subscription: SubscriptionSnapshot | null,
  ): ModelAccess | null {
    if (application === null) {
      let access = this.#ofNobody.get(service);
      if (access === undefined) {
        access = this.#shared(service, []);
        this.#ofNobody.set(service, access);
      }
      return access;
    }
    let ofCaller = this.#ofCallers.get(application);
    if (ofCaller === undefined) {
      ofCaller = new Map();
      this.#ofCallers.set(application, ofCaller);
    }
    const known = ofCaller.get(service);
    if (known !== undefined && known.subscription === subscription) return known.access;
    const access = this.#shared(service, [
      ...this.#ownLayers(application),
      ...layersOf([["subscription", subscription?.policies?.models]]),
    ]);
    ofCaller.set(service, { subscription, access });
    return access;
  }

  /** The same for callers for whom the same holds whatever they call; 0: for whom nothing holds but what does for everybody. */
  callerNumber(application: CompiledApplication | null): number {
    if (application === null) return 0;
    const known = this.#numbersOfCallers.get(application);
    if (known !== undefined) return known;
    const own = this.#ownLayers(application);
    const bySubscription = application.subscriptions.flatMap((subscription) => {
      const models = subscription.policies?.models;
      const holds = models !== undefined && subscriptionTo(application, subscription.service) === subscription;
      return holds ? [[subscription.service, models] as const] : [];
    });
    const says = own.length + bySubscription.length === 0 ? "" : JSON.stringify([own, bySubscription.sort(byService)]);
    const number = says === "" ? 0 : (this.#callerNumbers.get(says) ?? this.#callerNumbers.size + 1);
    if (number > 0) this.#callerNumbers.set(says, number);
    this.#numbersOfCallers.set(application, number);
    return number;
  }

  #ownLayers({ team, snapshot }: CompiledApplication): ModelAccessLayer[] {
    return layersOf([
      ["team", this.#teams.get(team)],
      ["application", snapshot.policies?.models],
    ]);
  }

  #shared(service: ModelAccessSnapshot | null, own: readonly ModelAccessLayer[]): ModelAccess | null {
    const layers = [...layersOf([["organisation", this.#organisation]]), ...layersOf([["service", service]]), ...own];
    if (layers.length === 0) return null;
    const key = JSON.stringify(layers);
    let access = this.#known.get(key);
    if (access === undefined) {
      access = new ModelAccess(this.#known.size + 1, layers);
      this.#known.set(key, access);
    }
    return access;
  }
}

interface OfCaller {
  subscription: SubscriptionSnapshot | null;
  access: ModelAccess | null;
}

function byService([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function layersOf(
  said: readonly (readonly [PolicyLevel, ModelAccessSnapshot | null | undefined])[],
): ModelAccessLayer[] {
  return said.flatMap(([level, models]) => (models === undefined || models === null ? [] : [{ level, models }]));
}

/** Throws `model_not_allowed` for a model that the caller may not use. `route`: the name of what `asked` leads to. */
export function requireModel(
  { modelAccess, application }: Pick<Context, "modelAccess" | "application">,
  asked: string,
  route: string,
  param = "model",
): void {
  const level = modelAccess?.refusedBy([asked, route]) ?? null;
  if (level === null) return;
  throw refusal(application, `model \`${asked.slice(0, 200)}\``, level, param);
}

/** The same for what is done with any model of a provider. */
export function requireProvider(
  { modelAccess, application }: Pick<Context, "modelAccess" | "application">,
  provider: string,
  what: string,
): void {
  const level = modelAccess?.keepsFrom(provider) ?? null;
  if (level === null) return;
  throw refusal(application, `${what}, which needs all models of provider \`${provider}\``, level, null);
}

/**
 * The same for models that a field of the body names to whatever provider gets it, which knows them by its own names: `models` of
 * OpenRouter, `fallbacks` of Anthropic. `value` undefined: the body has no such field.
 */
export function requireNamed(
  context: Pick<Context, "modelAccess" | "application">,
  providers: Iterable<string>,
  field: string,
  value: unknown,
): void {
  if (context.modelAccess === null || value === undefined || value === null) return;
  const names = namesIn(value);
  for (const provider of providers) {
    if (names === null) requireProvider(context, provider, `\`${field}\``);
    else for (const name of names) requireModel(context, `${provider}/${name}`, `${provider}/${name}`, field);
  }
}

/** Null: it may name anything. */
function namesIn(value: unknown): string[] | null {
  const names = (Array.isArray(value) ? value : [value]).map((one: unknown) =>
    typeof one === "object" && one !== null ? Reflect.get(one, "model") : one,
  );
  return names.every((name) => typeof name === "string") ? names : null;
}

function refusal(
  application: CompiledApplication | null,
  what: string,
  level: PolicyLevel,
  param: string | null,
): GatewayError {
  const who = application === null ? "callers without a key" : `application ${application.id}`;
  const rule = `the ${level}'s`;
  const message = `${who} may not use ${what}, by ${rule} list of models: GET /v1/models has those that may be used`;
  return new GatewayError("model_not_allowed", message, param === null ? {} : { param });
}

import { AdminError } from "../admin/admin-error.ts";
import {
  application,
  credential,
  identityProvider,
  role,
  type Subscription,
  serviceWithDraft,
  settings,
  subscription,
  team,
  tokenIssuer,
} from "../admin/answers.ts";
import { type AdminClient, step as pathStep } from "../admin/client.ts";
import { credentialText } from "./credentials.ts";
import { executeProviderAction, isProviderAction } from "./providers.ts";
import type { DesiredService, Terms } from "./state.ts";
import type { Action, ServiceFields, Step } from "./steps.ts";

export interface Outcome {
  done: readonly Step[];
  /** What stopped it; null: everything was done. */
  failure: { step: Step; error: AdminError } | null;
  notDone: readonly Step[];
  /** What others have to do. */
  notes: readonly string[];
}

/** Carries the steps out, one after the other, up to the first that fails. `onStep` is told of each before it begins. */
export async function execute(
  client: AdminClient,
  steps: readonly Step[],
  onStep: (step: Step, index: number) => void = () => {},
): Promise<Outcome> {
  const executor = new Executor(client);
  const done: Step[] = [];
  for (const [index, step] of steps.entries()) {
    onStep(step, index);
    try {
      await executor.carryOut(step.action);
      done.push(step);
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      return { done, failure: { step, error }, notDone: steps.slice(index + 1), notes: executor.notes };
    }
  }
  return { done, failure: null, notDone: [], notes: executor.notes };
}

class Executor {
  readonly notes: string[] = [];
  readonly #client: AdminClient;
  /** Of services that an earlier step has changed. */
  readonly #revisions = new Map<string, number>();
  /** Services whose publication waits for a second person: nobody can subscribe to them yet. */
  readonly #waiting = new Set<string>();

  constructor(client: AdminClient) {
    this.#client = client;
  }

  async carryOut(action: Action): Promise<void> {
    const client = this.#client;
    if (isProviderAction(action)) return executeProviderAction(client, action);
    switch (action.type) {
      case "update-organisation":
        await client.send("PATCH", "/settings", settings, { body: { policies: action.policies } });
        return;
      case "create-identity-provider":
        await client.send("POST", "/identity-providers", identityProvider, { body: action.provider });
        return;
      case "update-identity-provider": {
        const { id, fields: body, revision } = action;
        await client.send("PATCH", at("identity-providers", id), identityProvider, { body, revision });
        return;
      }
      case "create-team":
        await client.send("POST", "/teams", team, { body: action.team });
        return;
      case "update-team":
        await client.send("PATCH", at("teams", action.id), team, { body: action.fields, revision: action.revision });
        return;
      case "put-role": {
        const { id, ...body } = action.role;
        const expected = action.revision === null ? {} : { revision: action.revision };
        await client.send("PUT", at("roles", id), role, { body, ...expected });
        return;
      }
      case "create-application": {
        const { subscriptions: _requestedLater, credentials: _madeLater, ...body } = action.application;
        await client.send("POST", "/applications", application, { body });
        return;
      }
      case "update-application": {
        const { id, fields: body, revision } = action;
        await client.send("PATCH", at("applications", id), application, { body, revision });
        return;
      }
      case "create-token-issuer":
        await client.send("POST", "/token-issuers", tokenIssuer, { body: action.issuer });
        return;
      case "update-token-issuer": {
        const { id, fields: body, revision } = action;
        await client.send("PATCH", at("token-issuers", id), tokenIssuer, { body, revision });
        return;
      }
      case "create-credential":
      case "update-credential":
      case "rotate-credential":
      case "revoke-credential":
        await this.#credential(action);
        return;
      case "request-subscription":
        await this.#request(action);
        return;
      case "update-subscription": {
        const { id, terms: body, revision } = action;
        await client.send("PATCH", at("subscriptions", id), subscription, { body, revision });
        return;
      }
      case "cancel-subscription": {
        const { id, revision } = action;
        const body = { note: "no longer in the applied files" };
        await client.send("POST", `${at("subscriptions", id)}/cancel`, subscription, { body, revision });
        return;
      }
      case "delete-token-issuer":
        await client.tell("DELETE", at("token-issuers", action.id), { revision: action.revision });
        return;
      case "delete-role":
        await client.tell("DELETE", at("roles", action.id), { revision: action.revision });
        return;
      case "delete-application":
        await client.tell("DELETE", at("applications", action.id), { revision: action.revision });
        return;
      default:
        await this.#service(action);
    }
  }

  async #service(action: Extract<Action, { type: `${string}-service` }>): Promise<void> {
    const client = this.#client;
    switch (action.type) {
      case "create-service": {
        const { id, team: owner } = action.service;
        const body = { id, team: owner, ...contentOf(action.service) };
        this.#note(id, await client.send("POST", "/services", serviceWithDraft, { body }));
        return;
      }
      case "update-service": {
        const { id, fields: body, revision } = action;
        this.#note(id, await client.send("PATCH", at("services", id), serviceWithDraft, { body, revision }));
        return;
      }
      case "share-service": {
        const { id, teams } = action;
        const path = `${at("services", id)}/shares`;
        this.#note(id, await client.send("PUT", path, serviceWithDraft, { body: { teams } }));
        return;
      }
      case "publish-service":
        await this.#publish(action);
        return;
      case "delete-service":
        await client.tell("DELETE", at("services", action.id), { revision: action.revision });
        return;
      case "retire-service":
        await client.send("POST", `${at("services", action.id)}/retire`, serviceWithDraft, { body: {} });
    }
  }

  async #credential(action: Extract<Action, { type: `${string}-credential` }>): Promise<void> {
    const client = this.#client;
    const path = `${at("applications", action.application)}/credentials`;
    switch (action.type) {
      case "create-credential":
        await client.send("POST", path, credential, { body: action.credential });
        return;
      case "update-credential": {
        const { id, fields: body, revision } = action;
        await client.send("PATCH", `${path}/${pathStep(id)}`, credential, { body, revision });
        return;
      }
      case "rotate-credential": {
        const { id, secret: body, fields } = action;
        const made = await client.send("POST", `${path}/${pathStep(id)}/rotate`, credential, { body });
        this.notes.push(`credential ${action.application}: ${credentialText(made)}: what it was before ends in a day`);
        if (Object.keys(fields).length === 0) return;
        await client.send("PATCH", `${path}/${pathStep(made.id)}`, credential, { body: fields });
        return;
      }
      case "revoke-credential":
        await client.send("DELETE", `${path}/${pathStep(action.id)}`, credential, {});
    }
  }

  async #publish({ id, note, revision }: Extract<Action, { type: "publish-service" }>): Promise<void> {
    const expected = this.#revisions.get(id) ?? revision;
    const sent = { body: { note }, ...(expected === null ? {} : { revision: expected }) };
    const after = await this.#client.send("POST", `${at("services", id)}/publish`, serviceWithDraft, sent);
    this.#note(id, after);
    if (after.review === null) return;
    if (after.state === "draft") this.#waiting.add(id);
    this.notes.push(`service ${id}: its publication waits for somebody else who may publish it`);
  }

  async #request(action: Extract<Action, { type: "request-subscription" }>): Promise<void> {
    const { application: id, service, terms } = action;
    const subject = `subscription ${id} → ${service}`;
    if (this.#waiting.has(service)) {
      this.notes.push(`${subject}: it is requested once the service is published`);
      return;
    }
    const body = { application: id, service, reason: "" };
    const made = await this.#client.send("POST", "/subscriptions", subscription, { body });
    const hasTerms = Object.keys(terms).length > 0;
    if (made.state === "pending") {
      const further = hasTerms ? "; applying again then sets its terms" : "";
      this.notes.push(`${subject}: it waits for approval${further}`);
    } else if (hasTerms) await this.#setTerms(subject, made, terms);
  }

  async #setTerms(subject: string, { id, revision }: Subscription, body: Terms): Promise<void> {
    try {
      await this.#client.send("PATCH", at("subscriptions", id), subscription, { body, revision });
    } catch (error) {
      if (!(error instanceof AdminError) || error.code !== "not_found") throw error;
      this.notes.push(`${subject}: its terms are for the service's team to apply`);
    }
  }

  #note(id: string, { revision }: { revision: number }): void {
    this.#revisions.set(id, revision);
  }
}

function at(kind: string, id: string): string {
  return `/${kind}/${pathStep(id)}`;
}

function contentOf(service: DesiredService): ServiceFields {
  const { name, description, category, tags, documentation, openapi, visibility, approval, draft } = service;
  const content = { name, description, category, tags, documentation, openapi, visibility, approval };
  // Without a draft there is nothing to check: an empty one would be refused.
  return Object.keys(draft).length === 0 ? content : { ...content, draft };
}

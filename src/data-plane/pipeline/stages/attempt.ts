import { GatewayError } from "../../../contracts/errors.ts";
import type { ServedSnapshot } from "../../../contracts/packed-snapshot.ts";
import type { MirrorSnapshot } from "../../../contracts/policies.ts";
import type { RestServiceSnapshot } from "../../../contracts/snapshot.ts";
import type { Slices } from "../../../platform/slices.ts";
import { AiCall } from "../ai/ai-call.ts";
import type { AiRuntime } from "../ai/ai-runtime.ts";
import { compileModelList } from "../ai/model-list.ts";
import { compileModelRoutes } from "../ai/model-routes.ts";
import { usualModels } from "../ai/other-operations.ts";
import { compileStoredEndpoints } from "../ai/stored/stored-endpoints.ts";
import { unifiedPath } from "../ai/unified-path.ts";
import { uploadOf } from "../ai/upload/upload-of.ts";
import { isSafe } from "../cache/bypass.ts";
import type { CachingServices } from "../cache/cache-scope.ts";
import { ModelCache } from "../cache/model-cache.ts";
import { RestCache } from "../cache/rest-cache.ts";
import { McpCall } from "../mcp/mcp-call.ts";
import { PassThroughCall } from "../pass-through/pass-through-call.ts";
import { compilePassedProviders } from "../pass-through/passed-provider.ts";
import type { Stage } from "../pipeline.ts";
import { answerMock } from "../policies/mock.ts";
import { RealtimeCall } from "../realtime/realtime-call.ts";
import { compileMirrors, type RequestMirror } from "../rest/request-mirror.ts";
import { RestCall } from "../rest/rest-call.ts";
import { keptRestService, type RestService, withEdits } from "../rest/rest-service.ts";

/** Stage 7. Selects a target, dispatches, fails over; `rest/` and `ai/` hold the two ways of doing so. */
export function* compile(snapshot: ServedSnapshot, caching: CachingServices, runtime: AiRuntime): Slices<Stage> {
  const services = new Map<RestServiceSnapshot, RestService>();
  const mirrors = new Map<MirrorSnapshot, RequestMirror>();
  for (const service of snapshot.services) {
    if (service.kind === "ai") continue;
    services.set(service, keptRestService(service, runtime));
    for (const [mirror, compiled] of compileMirrors(service, runtime)) mirrors.set(mirror, compiled);
    yield;
  }
  const restCache = new RestCache(snapshot, caching, runtime);
  const modelCache = new ModelCache(snapshot, runtime);
  const edited = new WeakMap<object, RestService>();
  const editedService = (service: RestService, edits: NonNullable<RestService["edits"]>): RestService => {
    const known = edited.get(edits);
    if (known !== undefined) return known;
    const made = withEdits(service, edits);
    edited.set(edits, made);
    return made;
  };
  yield;
  const routes = compileModelRoutes(snapshot, runtime, runtime);
  const passed = compilePassedProviders(snapshot.providers, runtime);
  const answerModels = compileModelList(snapshot, runtime.prices);
  const { offloadBytes, maxResponseBytes } = snapshot.ai;
  const answerStored = compileStoredEndpoints(snapshot, routes, runtime);
  const usual = usualModels(snapshot);

  return (context) => {
    const { target } = context;
    if (target?.kind === "rest") {
      const service = services.get(target.snapshot);
      if (service === undefined) throw new GatewayError("internal_error", "the route's service is not compiled");
      const edits = context.policies === null ? null : context.policies.edits;
      const edited = edits === null ? service : editedService(service, edits);
      if (target.snapshot.kind === "mcp") {
        // What other levels say of stored answers and the like is of HTTP resources.
        new McpCall(context, edited, target, runtime).start();
        return "done";
      }
      const mock = context.policies === null ? null : context.policies.mock;
      if (mock !== null) {
        answerMock(context, mock, edited);
        return "done";
      }
      const cache = context.policies === null ? null : context.policies.cache;
      let isForwarded = true;
      if (context.policies !== null && cache !== null) {
        isForwarded = restCache.call(context, edited, target, context.policies, cache);
      } else if (target.invalidates && !isSafe(context.exchange.method)) {
        restCache.forward(context, edited, target, null);
      } else new RestCall(context, edited, target, runtime).start();
      // Afterwards: the call itself is on its way.
      const mirror = context.policies === null ? null : context.policies.mirror;
      if (isForwarded && mirror !== null) mirrors.get(mirror)?.send(context, edited, target);
    } else if (target?.kind === "ai") {
      const { endpoint } = target;
      if (endpoint === "pass-through") {
        const provider = passed.get(target.provider ?? "");
        if (provider === undefined) throw new GatewayError("internal_error", "the route's provider is not compiled");
        new PassThroughCall(context, provider, target, runtime).start();
      } else if (endpoint === "realtime") new RealtimeCall(context, routes, runtime).start();
      else if (endpoint === "models" || endpoint === "model") answerModels(context, endpoint);
      else if (endpoint === "files" || endpoint === "batches" || endpoint === "responses") answerStored(context);
      else {
        const { path, query } = context.exchange;
        const address = target.inbound.readAddress?.(unifiedPath(target, path), query) ?? null;
        const operation = endpoint === "addressed" ? (address?.operation ?? "chat") : endpoint;
        const inbound = target.inbound.name;
        const usualModel = usual[operation];
        const upload = uploadOf(context, operation);
        const options = { operation, inbound, address, offloadBytes, maxResponseBytes, upload };
        new AiCall(
          context,
          usualModel === undefined ? options : { ...options, usualModel },
          routes,
          runtime,
          modelCache,
        ).start();
      }
    }
    return "done";
  };
}

// The engine's functions for JavaScript. The first argument of each is the engine.
#include <uv.h>

#include <memory>

#include "engine.h"
#include "napi.h"

namespace tidegate {

namespace {

napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value;
  napi_get_named_property(env, object, name, &value);
  return value;
}

// What stands behind JavaScript's handle. An engine that is open is kept by its own references into JavaScript; one that is
// closed goes when JavaScript lets go of the handle, and may leave libuv with handles that are still closing.
struct EngineOwner {
  std::unique_ptr<Engine> engine;
  napi_async_cleanup_hook_handle hook = nullptr;  // null: libuv has given everything back, and the environment has ended
};

// The environment ends, e.g. a worker thread: its loop must have no handle of ours left.
void environmentEnds(napi_async_cleanup_hook_handle hook, void* data) {
  auto* owner = static_cast<EngineOwner*>(data);
  // Without an engine, libuv is at it already.
  if (owner->engine == nullptr) return;
  owner->engine->close([owner, hook] {
    owner->hook = nullptr;
    napi_remove_async_cleanup_hook(hook);
  });
}

// After the environment has ended, or of an engine that was closed.
void handleCollected(napi_env, void*, void* data) {
  auto* owner = static_cast<EngineOwner*>(data);
  const std::unique_ptr<Engine> engine = std::move(owner->engine);
  engine->close([owner] {
    if (owner->hook != nullptr) napi_remove_async_cleanup_hook(owner->hook);
    delete owner;
  });
}

// (callbacks) => engine. See Callback in engine.h for what `callbacks` holds, besides `scratch`, a Buffer of 64 KiB.
napi_value createEngine(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  auto owner = std::make_unique<EngineOwner>();
  owner->engine = std::make_unique<Engine>(env, loop);
  Engine* engine = owner->engine.get();
  engine->setCallbacks(arguments[0]);
  napi_value external;
  if (napi_create_external(env, engine, handleCollected, owner.get(), &external) != napi_ok) return nullptr;
  napi_add_async_cleanup_hook(env, environmentEnds, owner.get(), &owner->hook);
  owner.release();
  return external;
}

napi_value destroyEngine(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  engineOf(env, arguments[0])->close();
  return nullptr;
}

// (engine, { host, port, headBytes, … }) => { id, port }; throws with why it can't listen.
napi_value listen(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const napi_value given = arguments[1];
  server::ListenerOptions options;
  options.host = textOf(env, property(env, given, "host"));
  options.port = static_cast<uint16_t>(uint32Of(env, property(env, given, "port")));
  options.limits.headBytes = uint32Of(env, property(env, given, "headBytes"));
  options.limits.targetBytes = uint32Of(env, property(env, given, "targetBytes"));
  options.maxBodyBytes = static_cast<uint64_t>(numberOf(env, property(env, given, "maxBodyBytes")));
  options.idleTimeoutMs = uint32Of(env, property(env, given, "idleTimeoutMs"));
  options.headTimeoutMs = uint32Of(env, property(env, given, "headTimeoutMs"));
  options.minBodyBytesPerSecond = uint32Of(env, property(env, given, "minBodyBytesPerSecond"));
  std::string error;
  const server::Listener* listener = engineOf(env, arguments[0])->listen(std::move(options), &error);
  if (listener == nullptr) {
    throwError(env, error);
    return nullptr;
  }
  napi_value result;
  napi_create_object(env, &result);
  setProperty(env, result, "id", makeNumber(env, listener->id));
  setProperty(env, result, "port", makeNumber(env, listener->port()));
  return result;
}

napi_value stopAccepting(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  if (auto* listener = engineOf(env, arguments[0])->listener(uint32Of(env, arguments[1]))) listener->stopAccepting();
  return nullptr;
}

napi_value closeListener(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  Engine* engine = engineOf(env, arguments[0]);
  auto* listener = engine->listener(uint32Of(env, arguments[1]));
  if (listener == nullptr) return nullptr;
  listener->close();
  if (!engine->poller().inTurn()) engine->bury();
  return nullptr;
}

napi_value connections(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const auto* listener = engineOf(env, arguments[0])->listener(uint32Of(env, arguments[1]));
  return makeNumber(env, listener == nullptr ? 0 : static_cast<double>(listener->connections()));
}

// --- exchanges: (engine, exchange, …) ---

struct ExchangeArguments {
  Engine* engine;
  server::Exchange* exchange;
};

template <size_t Count>
ExchangeArguments exchangeOf(napi_env env, const Arguments<Count>& arguments) {
  Engine* engine = engineOf(env, arguments[0]);
  return {engine, engine->exchange(numberOf(env, arguments[1]))};
}

napi_value readBody(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange != nullptr) exchange->readWhole(static_cast<uint64_t>(numberOf(env, arguments[2])));
  return nullptr;
}

napi_value streamBody(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange != nullptr) exchange->streamBody();
  return nullptr;
}

napi_value resumeBody(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange != nullptr) exchange->resumeBody();
  return nullptr;
}

napi_value setIdleTimeout(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange != nullptr) exchange->idleTimeoutMs = uint32Of(env, arguments[2]);
  return nullptr;
}

// Text or bytes as they are to be sent.
class Payload {
 public:
  Payload(napi_env env, napi_value value) {
    napi_valuetype type;
    napi_typeof(env, value, &type);
    if (type == napi_string) {
      text_ = textOf(env, value);
      bytes_ = text_.data();
      length_ = text_.size();
    } else {
      char* bytes = nullptr;
      if (bytesOf(env, value, &bytes, &length_)) bytes_ = bytes;
      else length_ = 0;
    }
  }
  std::string_view view() const { return {bytes_, length_}; }

 private:
  std::string text_;
  const char* bytes_ = "";
  size_t length_ = 0;
};

// (engine, exchange, status, fields, body: string | Buffer | null)
napi_value respond(napi_env env, napi_callback_info info) {
  Arguments<5> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange == nullptr) return nullptr;
  const std::string fields = textOf(env, arguments[3]);
  const Payload body(env, arguments[4]);
  engine->release(*exchange);
  exchange->answer(static_cast<uint16_t>(uint32Of(env, arguments[2])), fields, body.view());
  return nullptr;
}

// (engine, exchange, status, fields, contentLength | -1 for none)
napi_value respondHead(napi_env env, napi_callback_info info) {
  Arguments<5> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange == nullptr) return nullptr;
  const double length = numberOf(env, arguments[4]);
  engine->release(*exchange);
  exchange->beginAnswer(static_cast<uint16_t>(uint32Of(env, arguments[2])), textOf(env, arguments[3]),
                        length < 0 ? server::BodyFraming::kNone : server::BodyFraming::kHeadOnly,
                        length < 0 ? 0 : static_cast<uint64_t>(length));
  exchange->endAnswer();
  return nullptr;
}

// (engine, exchange, status, fields, contentLength | -1 for unknown)
napi_value startStream(napi_env env, napi_callback_info info) {
  Arguments<5> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange == nullptr) return nullptr;
  const double length = numberOf(env, arguments[4]);
  exchange->beginAnswer(static_cast<uint16_t>(uint32Of(env, arguments[2])), textOf(env, arguments[3]),
                        length < 0 ? server::BodyFraming::kUnknown : server::BodyFraming::kLength,
                        length < 0 ? 0 : static_cast<uint64_t>(length));
  return nullptr;
}

// (engine, exchange)
napi_value beginTunnel(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange != nullptr) exchange->beginTunnel();
  return nullptr;
}

napi_value writeStream(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange == nullptr) return makeBool(env, true);
  const Payload chunk(env, arguments[2]);
  return makeBool(env, exchange->writeAnswer(chunk.view().data(), chunk.view().size()));
}

napi_value endStream(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange == nullptr) return nullptr;
  engine->release(*exchange);
  exchange->endAnswer();
  return nullptr;
}

// (engine, exchange, status, fields): a 1xx answer
napi_value inform(napi_env env, napi_callback_info info) {
  Arguments<4> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange != nullptr) {
    exchange->inform(static_cast<uint16_t>(uint32Of(env, arguments[2])), textOf(env, arguments[3]));
  }
  return nullptr;
}

napi_value destroyExchange(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const auto [engine, exchange] = exchangeOf(env, arguments);
  if (exchange == nullptr) return nullptr;
  engine->release(*exchange);
  exchange->destroy();
  return nullptr;
}

// --- origins and calls ---

// (engine, { host, port, unixPath, connectTimeoutMs }) => origin
napi_value addOrigin(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const napi_value given = arguments[1];
  client::OriginOptions options;
  options.host = textOf(env, property(env, given, "host"));
  options.port = static_cast<uint16_t>(uint32Of(env, property(env, given, "port")));
  options.unixPath = textOf(env, property(env, given, "unixPath"));
  options.connectTimeoutMs = uint32Of(env, property(env, given, "connectTimeoutMs"));
  return makeNumber(env, engineOf(env, arguments[0])->addOrigin(std::move(options)));
}

napi_value removeOrigin(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  engineOf(env, arguments[0])->removeOrigin(uint32Of(env, arguments[1]));
  return nullptr;
}

// (engine, origin) => connected * 2 ** 26 + running
napi_value originStats(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const client::Origin* origin = engineOf(env, arguments[0])->origin(uint32Of(env, arguments[1]));
  if (origin == nullptr) return makeNumber(env, 0);
  return makeNumber(env, static_cast<double>(origin->connected()) * 67'108'864 + static_cast<double>(origin->running()));
}

// (engine, origin, head, body: Buffer | string | null, flags, firstByteMs, idleMs) => call
// flags: 1 HEAD, 2 idempotent, 4 streamed body, 8 streamed body is chunked
napi_value startCall(napi_env env, napi_callback_info info) {
  Arguments<7> arguments(env, info);
  Engine* engine = engineOf(env, arguments[0]);
  client::Origin* origin = engine->origin(uint32Of(env, arguments[1]));
  if (origin == nullptr) {
    throwError(env, "the upstream was removed");
    return nullptr;
  }
  client::UpstreamCall* call = client::UpstreamCall::make(*origin, engine);
  size_t length = 0;
  napi_get_value_string_latin1(env, arguments[2], nullptr, 0, &length);
  call->head.resize(length);
  napi_get_value_string_latin1(env, arguments[2], call->head.data(), length + 1, &length);
  const uint32_t flags = uint32Of(env, arguments[4]);
  call->isHead = (flags & 1) != 0;
  call->idempotent = (flags & 2) != 0;
  call->streamedBody = (flags & 4) != 0;
  call->chunkedBody = (flags & 8) != 0;
  if (!call->streamedBody) {
    call->ownBody = Payload(env, arguments[3]).view();
    call->body = call->ownBody;
  }
  call->timeouts.firstByteMs = uint32Of(env, arguments[5]);
  call->timeouts.idleMs = uint32Of(env, arguments[6]);
  return makeNumber(env, engine->startCall(call));
}

napi_value writeCall(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  client::UpstreamCall* call = engineOf(env, arguments[0])->call(numberOf(env, arguments[1]));
  if (call == nullptr) return makeBool(env, true);
  const Payload chunk(env, arguments[2]);
  return makeBool(env, call->writeBody(chunk.view().data(), chunk.view().size()));
}

napi_value endCall(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  if (auto* call = engineOf(env, arguments[0])->call(numberOf(env, arguments[1]))) call->endBody();
  return nullptr;
}

napi_value resumeCall(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  if (auto* call = engineOf(env, arguments[0])->call(numberOf(env, arguments[1]))) call->resume();
  return nullptr;
}

napi_value abortCall(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  Engine* engine = engineOf(env, arguments[0]);
  client::UpstreamCall* call = engine->call(numberOf(env, arguments[1]));
  if (call == nullptr) return nullptr;
  engine->release(*call);
  call->abort();
  return nullptr;
}

}  // namespace

void exportEngine(napi_env env, napi_value exports) {
  exportFunction(env, exports, "createEngine", createEngine);
  exportFunction(env, exports, "destroyEngine", destroyEngine);
  exportFunction(env, exports, "listen", listen);
  exportFunction(env, exports, "stopAccepting", stopAccepting);
  exportFunction(env, exports, "closeListener", closeListener);
  exportFunction(env, exports, "connections", connections);
  exportFunction(env, exports, "readBody", readBody);
  exportFunction(env, exports, "streamBody", streamBody);
  exportFunction(env, exports, "resumeBody", resumeBody);
  exportFunction(env, exports, "setIdleTimeout", setIdleTimeout);
  exportFunction(env, exports, "respond", respond);
  exportFunction(env, exports, "respondHead", respondHead);
  exportFunction(env, exports, "startStream", startStream);
  exportFunction(env, exports, "beginTunnel", beginTunnel);
  exportFunction(env, exports, "writeStream", writeStream);
  exportFunction(env, exports, "endStream", endStream);
  exportFunction(env, exports, "inform", inform);
  exportFunction(env, exports, "destroyExchange", destroyExchange);
  exportFunction(env, exports, "addOrigin", addOrigin);
  exportFunction(env, exports, "removeOrigin", removeOrigin);
  exportFunction(env, exports, "originStats", originStats);
  exportFunction(env, exports, "startCall", startCall);
  exportFunction(env, exports, "writeCall", writeCall);
  exportFunction(env, exports, "endCall", endCall);
  exportFunction(env, exports, "resumeCall", resumeCall);
  exportFunction(env, exports, "abortCall", abortCall);
}

}  // namespace tidegate

#include "engine.h"

#include <cstring>

#include "napi.h"

namespace tidegate {

Engine::Engine(napi_env env, uv_loop_t* loop) : env_(env), poller_(loop, this) {
  server_.poller = &poller_;
  server_.blocks = &blocks_;
  client_.poller = &poller_;
  client_.blocks = &blocks_;
}

Engine::~Engine() { close(); }

void Engine::close(std::function<void()> closed) {
  if (closed_) {
    poller_.close(std::move(closed));
    return;
  }
  for (auto& listener : listeners_) {
    if (listener != nullptr) listener->close();
  }
  for (auto& origin : origins_) {
    if (origin != nullptr) origin->close();
  }
  // Within a turn, some of it is on the stack.
  if (!poller_.inTurn()) bury();
  closed_ = true;
  governor_.close();
  for (napi_ref& reference : callbacks_) {
    if (reference != nullptr) napi_delete_reference(env_, reference);
    reference = nullptr;
  }
  if (receiver_ != nullptr) napi_delete_reference(env_, receiver_);
  if (scratchReference_ != nullptr) napi_delete_reference(env_, scratchReference_);
  if (numbersReference_ != nullptr) napi_delete_reference(env_, numbersReference_);
  if (figuresReference_ != nullptr) napi_delete_reference(env_, figuresReference_);
  figuresReference_ = nullptr;
  receiver_ = scratchReference_ = numbersReference_ = nullptr;
  if (asyncContext_ != nullptr) napi_async_destroy(env_, asyncContext_);
  asyncContext_ = nullptr;
  poller_.close(std::move(closed));
}

void Engine::setCallbacks(napi_value object) {
  static constexpr const char* kNames[] = {"onRequest", "onRefused",     "onTimedOut", "onWholeBody",    "onBodyChunk",
                                           "onBodyEnd", "onDrain",       "onAborted",  "onCallInterim",  "onCallHead",
                                           "onCallData", "onCallComplete", "onCallError", "onCallDrain",
                                           "onHandover", "onRecord",     "onStreamError", "onCost",
                                           "onTranslateRequest", "onTranslateAnswer", "onTargetFailed",
                                           "onStreamUsage"};
  static_assert(sizeof kNames / sizeof *kNames == static_cast<size_t>(Callback::kCount));
  for (size_t i = 0; i < static_cast<size_t>(Callback::kCount); i++) {
    napi_value function;
    napi_get_named_property(env_, object, kNames[i], &function);
    napi_create_reference(env_, function, 1, &callbacks_[i]);
  }
  napi_create_reference(env_, object, 1, &receiver_);
  napi_value scratch;
  napi_get_named_property(env_, object, "scratch", &scratch);
  size_t length = 0;
  bytesOf(env_, scratch, &scratch_, &length);
  napi_create_reference(env_, scratch, 1, &scratchReference_);
  napi_value figures;
  char* bytes = nullptr;
  napi_get_named_property(env_, object, "figures", &figures);
  bytesOf(env_, figures, &bytes, &length);
  figures_ = reinterpret_cast<double*>(bytes);
  napi_create_reference(env_, figures, 1, &figuresReference_);
  napi_value name;
  napi_create_string_utf8(env_, "tidegate", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env_, object, name, &asyncContext_);
}

void Engine::setNumbers(napi_value owner, double* numbers, size_t count) {
  if (numbersReference_ != nullptr) napi_delete_reference(env_, numbersReference_);
  napi_create_reference(env_, owner, 1, &numbersReference_);
  numbers_ = numbers;
  numbersCount_ = count;
}

// --- turns ---

void Engine::beginTurn() {
  napi_open_handle_scope(env_, &turnHandles_);
  napi_value receiver;
  napi_get_reference_value(env_, receiver_, &receiver);
  napi_open_callback_scope(env_, receiver, asyncContext_, &turnScope_);
}

void Engine::endTurn() {
  // Promises and ticks of all callbacks of the turn run here, once.
  if (turnScope_ != nullptr) napi_close_callback_scope(env_, turnScope_);
  turnScope_ = nullptr;
  if (turnHandles_ != nullptr) napi_close_handle_scope(env_, turnHandles_);
  turnHandles_ = nullptr;
  bury();
}

void Engine::bury() {
  server_.dead.clear();
  server_.deadExchanges.clear();
  client_.dead.clear();
  for (auto& call : client_.deadCalls) {
    if (client_.freeCalls.size() < 1024) client_.freeCalls.push_back(std::move(call));
  }
  client_.deadCalls.clear();
  deadOrigins_.clear();
  governor_.recycle();
}

napi_value Engine::callBack(Callback callback, size_t count, const napi_value* arguments) {
  if (closed_) return nullptr;
  napi_value receiver;
  napi_value function;
  napi_get_reference_value(env_, receiver_, &receiver);
  napi_get_reference_value(env_, callbacks_[static_cast<size_t>(callback)], &function);
  napi_value result = nullptr;
  if (napi_call_function(env_, receiver, function, count, arguments, &result) == napi_ok) return result;
  napi_value error;
  if (napi_get_and_clear_last_exception(env_, &error) == napi_ok) napi_fatal_exception(env_, error);
  return nullptr;
}

bool Engine::truthOf(napi_value value) { return value == nullptr || boolOf(env_, value); }

std::string Engine::textOf(napi_value value) { return value == nullptr ? std::string() : tidegate::textOf(env_, value); }

namespace {

class HandleScope {
 public:
  explicit HandleScope(napi_env env) : env_(env) { napi_open_handle_scope(env, &scope_); }
  ~HandleScope() { napi_close_handle_scope(env_, scope_); }
  HandleScope(const HandleScope&) = delete;
  HandleScope& operator=(const HandleScope&) = delete;

 private:
  napi_env env_;
  napi_handle_scope scope_ = nullptr;
};

}  // namespace

size_t Engine::bytesArguments(const char* bytes, size_t length, napi_value* arguments) {
  arguments[0] = makeNumber(env_, static_cast<double>(length));
  if (length <= kScratchBytes) {
    std::memcpy(scratch_, bytes, length);
    return 1;
  }
  napi_create_buffer_copy(env_, length, bytes, nullptr, &arguments[1]);
  return 2;
}

// --- requests ---

void Engine::onRequest(server::Exchange& exchange) { governor_.arrived(exchange); }

void Engine::requestArguments(server::Exchange& exchange, napi_value* arguments) {
  exchange.setObserver(this);
  const http::RequestHead& head = exchange.head();
  const double handle = exchanges_.add(&exchange, exchange.id);
  text_.clear();
  text_.append(exchange.method()).push_back(kBetween);
  text_.append(exchange.text(head.path)).push_back(kBetween);
  text_.append(exchange.text(head.query)).push_back(kBetween);
  text_.append(exchange.text(head.hostName)).push_back(kBetween);
  text_.append(exchange.connection().peerAddress());
  for (const http::Field& field : head.fields) {
    text_.push_back(kBeforeName);
    text_.append(exchange.text(field.name));
    text_.push_back(kBeforeValue);
    text_.append(exchange.text(field.value));
  }
  bool beyondAscii = false;
  for (const char byte : text_) beyondAscii |= static_cast<signed char>(byte) < 0;
  arguments[0] = makeNumber(env_, exchange.connection().listener().id);
  arguments[1] = makeNumber(env_, handle);
  arguments[2] = makeLatin1(env_, text_.data(), text_.size());
  arguments[3] = makeNumber(env_, head.chunked ? -1 : static_cast<double>(head.contentLength));
  arguments[4] = makeBool(env_, beyondAscii);
}

void Engine::giveToJavaScript(server::Exchange& exchange) {
  HandleScope scope(env_);
  napi_value arguments[5];
  requestArguments(exchange, arguments);
  callBack(Callback::kRequest, 5, arguments);
}

void Engine::handOver(server::Exchange& exchange, const governor::Handover& handover) {
  HandleScope scope(env_);
  napi_value arguments[19];
  requestArguments(exchange, arguments);
  double call = -1;
  if (handover.call != nullptr) {
    handover.call->setObserver(this);
    handover.call->id = nextCallId_++;
    call = calls_.add(handover.call, handover.call->id);
  }
  arguments[5] = makeLatin1(env_, handover.id.data(), handover.id.size());
  arguments[6] = makeNumber(env_, handover.startedAtMs);
  arguments[7] = makeNumber(env_, handover.elapsedMs);
  arguments[8] = makeNumber(env_, handover.dispatchedMs);
  arguments[9] = makeNumber(env_, handover.plan);
  arguments[10] = makeNumber(env_, handover.target);
  arguments[11] = makeNumber(env_, handover.error);
  arguments[12] = makeLatin1(env_, handover.reason, std::strlen(handover.reason));
  arguments[13] = makeNumber(env_, handover.status);
  arguments[14] = textValue(handover.fields);
  napi_create_buffer_copy(env_, handover.data.size(), handover.data.data(), nullptr, &arguments[15]);
  arguments[16] = makeBool(env_, handover.complete);
  arguments[17] = makeNumber(env_, call);
  arguments[18] = makeNumber(env_, handover.head);
  callBack(Callback::kHandover, 19, arguments);
}

void Engine::onRecord(std::string_view record) {
  HandleScope scope(env_);
  napi_value argument;
  napi_create_buffer_copy(env_, record.size(), record.data(), nullptr, &argument);
  callBack(Callback::kRecord, 1, &argument);
}

std::string Engine::streamError(uint32_t plan, uint32_t target, std::string_view requestId, int error,
                                std::string_view data, std::string* code) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, plan), makeNumber(env_, target),
                                  makeLatin1(env_, requestId.data(), requestId.size()), makeNumber(env_, error),
                                  makeUtf8(env_, data.data(), data.size())};
  const std::string answer = textOf(callBack(Callback::kStreamError, 5, arguments));
  const size_t end = answer.find('\n');
  if (end == std::string::npos) return {};
  code->assign(answer, 0, end);
  return answer.substr(end + 1);
}

double Engine::costOf(uint32_t plan, uint32_t target, const scan::Usage& usage) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, plan),
                                  makeNumber(env_, target),
                                  makeNumber(env_, usage.inputTokens),
                                  makeNumber(env_, usage.outputTokens),
                                  makeNumber(env_, usage.cachedInputTokens),
                                  makeNumber(env_, usage.cacheWriteTokens)};
  const napi_value cost = callBack(Callback::kCost, 6, arguments);
  return cost == nullptr ? -1 : numberOf(env_, cost);
}

namespace {

// Text of JavaScript as UTF-8. False: it is none.
bool readText(napi_env env, napi_value value, std::string* text) {
  if (value == nullptr) return false;
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  text->resize(length);
  return napi_get_value_string_utf8(env, value, text->data(), length + 1, &length) == napi_ok;
}

}  // namespace

bool Engine::translateRequest(uint32_t plan, uint32_t target, std::string_view body, std::string* text) {
  HandleScope scope(env_);
  napi_value arguments[4] = {makeNumber(env_, plan), makeNumber(env_, target), nullptr, nullptr};
  const size_t count = 2 + bytesArguments(body.data(), body.size(), arguments + 2);
  return readText(env_, callBack(Callback::kTranslateRequest, count, arguments), text);
}

bool Engine::translateAnswer(uint32_t plan, uint32_t target, std::string_view requestId, std::string_view body,
                             std::string* text, scan::Usage* usage, std::string* model) {
  HandleScope scope(env_);
  napi_value arguments[5] = {makeNumber(env_, plan), makeNumber(env_, target),
                             makeLatin1(env_, requestId.data(), requestId.size()), nullptr, nullptr};
  const size_t count = 3 + bytesArguments(body.data(), body.size(), arguments + 3);
  if (!readText(env_, callBack(Callback::kTranslateAnswer, count, arguments), text)) return false;
  readTold(usage, model);
  return true;
}

bool Engine::streamUsage(uint32_t plan, uint32_t target, std::string_view events, scan::Usage* usage,
                         std::string* model) {
  if (events.empty()) return false;
  HandleScope scope(env_);
  napi_value arguments[4] = {makeNumber(env_, plan), makeNumber(env_, target), nullptr, nullptr};
  const size_t count = 2 + bytesArguments(events.data(), events.size(), arguments + 2);
  const napi_value told = callBack(Callback::kStreamUsage, count, arguments);
  if (told == nullptr || !boolOf(env_, told)) return false;
  readTold(usage, model);
  return true;
}

void Engine::readTold(scan::Usage* usage, std::string* model) const {
  *usage = {figures_[0], figures_[1], figures_[2], figures_[3], figures_[4]};
  *model = servedModel_;
}

void Engine::targetFailed(uint32_t plan, uint32_t target) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, plan), makeNumber(env_, target)};
  callBack(Callback::kTargetFailed, 2, arguments);
}

void Engine::appendFields(const http::ResponseHead& head, const char* bytes, std::string* text) const {
  for (const http::Field& field : head.fields) {
    text->push_back(kBeforeName);
    text->append(field.name.in(bytes));
    text->push_back(kBeforeValue);
    text->append(field.value.in(bytes));
  }
}

std::string Engine::onRefused(server::Listener& listener, std::string_view path, http::RequestRefusal refusal) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, listener.id), makeLatin1(env_, path.data(), path.size()),
                                  makeNumber(env_, static_cast<double>(refusal))};
  return textOf(callBack(Callback::kRefused, 3, arguments));
}

std::string Engine::onTimedOut(server::Listener& listener, std::string_view path) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, listener.id), makeLatin1(env_, path.data(), path.size())};
  return textOf(callBack(Callback::kTimedOut, 2, arguments));
}

void Engine::release(server::Exchange& exchange) {
  exchanges_.remove(exchange.slot);
  exchange.setObserver(nullptr);
}

// --- exchanges that JavaScript works on ---

void Engine::onWholeBody(server::Exchange& exchange, bool tooLong) {
  HandleScope scope(env_);
  napi_value arguments[4] = {makeNumber(env_, handleOf(exchange)), nullptr, nullptr, nullptr};
  const std::string_view body = exchange.body();
  if (bytesArguments(body.data(), body.size(), arguments + 1) == 1) napi_get_undefined(env_, &arguments[2]);
  arguments[3] = makeBool(env_, tooLong);
  callBack(Callback::kWholeBody, 4, arguments);
}

bool Engine::onBodyChunk(server::Exchange& exchange, const char* bytes, size_t length) {
  HandleScope scope(env_);
  napi_value arguments[3] = {makeNumber(env_, handleOf(exchange)), nullptr, nullptr};
  const size_t count = 1 + bytesArguments(bytes, length, arguments + 1);
  return truthOf(callBack(Callback::kBodyChunk, count, arguments));
}

void Engine::onBodyEnd(server::Exchange& exchange) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, handleOf(exchange))};
  callBack(Callback::kBodyEnd, 1, arguments);
}

void Engine::onDrain(server::Exchange& exchange) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, handleOf(exchange))};
  callBack(Callback::kDrain, 1, arguments);
}

void Engine::onAborted(server::Exchange& exchange) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, handleOf(exchange))};
  exchanges_.remove(exchange.slot);
  callBack(Callback::kAborted, 1, arguments);
}

// --- calls that JavaScript started ---

double Engine::startCall(client::UpstreamCall* call) {
  call->id = nextCallId_++;
  const double handle = calls_.add(call, call->id);
  call->start();
  return handle;
}

void Engine::release(client::UpstreamCall& call) { calls_.remove(call.slot); }

napi_value Engine::textValue(std::string_view text) {
  for (const char byte : text) {
    // As every other client of ours: values beyond ASCII are read as UTF-8.
    if (static_cast<signed char>(byte) < 0) return makeUtf8(env_, text.data(), text.size());
  }
  return makeLatin1(env_, text.data(), text.size());
}

napi_value Engine::fieldsText(const http::ResponseHead& head, const char* bytes) {
  text_.clear();
  appendFields(head, bytes, &text_);
  return textValue(text_);
}

void Engine::onInterim(client::UpstreamCall& call, const http::ResponseHead& head, const char* bytes) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, handleOf(call)), makeNumber(env_, head.status),
                                  fieldsText(head, bytes)};
  callBack(Callback::kCallInterim, 3, arguments);
}

bool Engine::onHead(client::UpstreamCall& call, const http::ResponseHead& head, const char* bytes) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, handleOf(call)), makeNumber(env_, head.status),
                                  fieldsText(head, bytes)};
  return truthOf(callBack(Callback::kCallHead, 3, arguments));
}

bool Engine::onData(client::UpstreamCall& call, const char* bytes, size_t length) {
  HandleScope scope(env_);
  napi_value arguments[3] = {makeNumber(env_, handleOf(call)), nullptr, nullptr};
  const size_t count = 1 + bytesArguments(bytes, length, arguments + 1);
  return truthOf(callBack(Callback::kCallData, count, arguments));
}

void Engine::onComplete(client::UpstreamCall& call) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, handleOf(call))};
  calls_.remove(call.slot);
  callBack(Callback::kCallComplete, 1, arguments);
}

void Engine::onError(client::UpstreamCall& call, client::UpstreamError error, const char* reason) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, handleOf(call)), makeNumber(env_, static_cast<double>(error)),
                                  makeLatin1(env_, reason, std::strlen(reason))};
  calls_.remove(call.slot);
  callBack(Callback::kCallError, 3, arguments);
}

void Engine::onRequestDrain(client::UpstreamCall& call) {
  HandleScope scope(env_);
  const napi_value arguments[] = {makeNumber(env_, handleOf(call))};
  callBack(Callback::kCallDrain, 1, arguments);
}

// --- listeners and origins ---

server::Listener* Engine::listen(server::ListenerOptions options, std::string* error) {
  auto listener = std::make_unique<server::Listener>(server_, *this, std::move(options));
  *error = listener->listen();
  if (!error->empty()) return nullptr;
  listener->id = static_cast<uint32_t>(listeners_.size());
  listeners_.push_back(std::move(listener));
  return listeners_.back().get();
}

server::Listener* Engine::listener(uint32_t id) const { return id < listeners_.size() ? listeners_[id].get() : nullptr; }

uint32_t Engine::addOrigin(client::OriginOptions options) {
  origins_.push_back(std::make_unique<client::Origin>(client_, std::move(options)));
  return static_cast<uint32_t>(origins_.size() - 1);
}

client::Origin* Engine::origin(uint32_t id) const { return id < origins_.size() ? origins_[id].get() : nullptr; }

void Engine::removeOrigin(uint32_t id) {
  if (origin(id) == nullptr) return;
  origins_[id]->close();
  // Its connections are freed with the turn, and refer to it.
  deadOrigins_.push_back(std::move(origins_[id]));
  if (!poller_.inTurn()) bury();
}

}  // namespace tidegate

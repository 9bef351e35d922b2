#include "bindings/journal-binding.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>

#include "bindings/napi.h"
#include "journal/record-scan.h"

namespace tidegate {
namespace {

using journal::CallJournal;

constexpr napi_type_tag kJournalTag = {0x9f3b6f0d4c1e4a57, 0x8a2f5d7c61b04e39};

CallJournal* wrappedIn(napi_env env, napi_value object) {
  void* journal = nullptr;
  napi_unwrap(env, object, &journal);
  return static_cast<CallJournal*>(journal);
}

// Methods are only ever called with an object of their class as `this` (V8 checks the signature). Null all the same for
// one whose constructor has thrown.
template <size_t Count>
CallJournal* journalOf(napi_env env, const Arguments<Count>& arguments) {
  return wrappedIn(env, arguments.self);
}

// new CallJournal(directory, worker, segmentBytes, maxSegments)
napi_value construct(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  std::string error;
  std::unique_ptr<CallJournal> journal =
      CallJournal::open(textOf(env, arguments[0]), uint32Of(env, arguments[1]), uint32Of(env, arguments[2]), &error,
                        uint32Of(env, arguments[3]));
  if (journal == nullptr) {
    throwError(env, error);
    return nullptr;
  }
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<CallJournal*>(data); };
  if (napi_wrap(env, arguments.self, journal.get(), finalize, nullptr, nullptr) == napi_ok) {
    journal.release();
    napi_type_tag_object(env, arguments.self, &kJournalTag);
  }
  return arguments.self;
}

// append(buffer, start, end): boolean
napi_value append(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  CallJournal* const journal = journalOf(env, arguments);
  char* bytes = nullptr;
  size_t length = 0;
  const uint32_t start = uint32Of(env, arguments[1]);
  const uint32_t end = uint32Of(env, arguments[2]);
  if (!bytesOf(env, arguments[0], &bytes, &length) || end > length || start > end) {
    throwError(env, "append needs a Buffer, and a start and an end within it");
    return nullptr;
  }
  return makeBool(env, journal != nullptr && journal->append(bytes + start, end - start));
}

napi_value sequence(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const CallJournal* const journal = journalOf(env, arguments);
  return makeNumber(env, journal == nullptr ? 0 : static_cast<double>(journal->sequence()));
}

napi_value offset(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const CallJournal* const journal = journalOf(env, arguments);
  return makeNumber(env, journal == nullptr ? 0 : journal->offset());
}

napi_value prefix(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const CallJournal* const journal = journalOf(env, arguments);
  const std::string text = journal == nullptr ? "" : journal->prefix();
  return makeUtf8(env, text.data(), text.size());
}

napi_value maxRecordBytes(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const CallJournal* const journal = journalOf(env, arguments);
  return makeNumber(env, journal == nullptr ? 0 : journal->maxRecordBytes());
}

// release(sequence, offset)
napi_value release(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  CallJournal* const journal = journalOf(env, arguments);
  if (journal == nullptr) return nullptr;
  journal->release(static_cast<uint64_t>(numberOf(env, arguments[0])), uint32Of(env, arguments[1]));
  return nullptr;
}

// stats(): { appended, lost, segments, failing, error: string | null }
napi_value journalStats(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const CallJournal* const journal = journalOf(env, arguments);
  const journal::JournalStats stats = journal == nullptr ? journal::JournalStats{} : journal->stats();
  napi_value result;
  napi_create_object(env, &result);
  setProperty(env, result, "appended", makeNumber(env, static_cast<double>(stats.appended)));
  setProperty(env, result, "lost", makeNumber(env, static_cast<double>(stats.lost)));
  setProperty(env, result, "segments", makeNumber(env, stats.segments));
  setProperty(env, result, "failing", makeBool(env, stats.failing));
  napi_value error;
  napi_get_null(env, &error);
  if (stats.errorNumber != 0) {
    const char* const text = strerror(stats.errorNumber);
    error = makeUtf8(env, text, std::strlen(text));
  }
  setProperty(env, result, "error", error);
  return result;
}

napi_value closeJournal(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  if (CallJournal* const journal = journalOf(env, arguments); journal != nullptr) journal->close();
  return nullptr;
}

// scanRecords(bytes, length, segmentLeft, fieldCount, bodiesAt, spans: Uint32Array, result: Uint32Array(5)): what scanRecords() of
// record-scan.h says, into the arrays. Three numbers per span.
napi_value scanJournal(napi_env env, napi_callback_info info) {
  const Arguments<7> arguments(env, info);
  char* bytes = nullptr;
  size_t size = 0;
  napi_typedarray_type type[2] = {};
  size_t counts[2] = {};
  void* numbers[2] = {};
  const bool isSound = bytesOf(env, arguments[0], &bytes, &size) && uint32Of(env, arguments[1]) <= size &&
                       uint32Of(env, arguments[1]) <= uint32Of(env, arguments[2]) &&
                       napi_get_typedarray_info(env, arguments[5], &type[0], &counts[0], &numbers[0], nullptr,
                                                nullptr) == napi_ok &&
                       napi_get_typedarray_info(env, arguments[6], &type[1], &counts[1], &numbers[1], nullptr,
                                                nullptr) == napi_ok &&
                       type[0] == napi_uint32_array && type[1] == napi_uint32_array && counts[1] >= 5;
  if (!isSound) {
    throwError(env, "scanRecords needs a Buffer, lengths within it, and two Uint32Arrays");
    return nullptr;
  }
  const journal::ScanResult result = journal::scanRecords(
      reinterpret_cast<const uint8_t*>(bytes), uint32Of(env, arguments[1]), uint32Of(env, arguments[2]),
      journal::RowShape{uint32Of(env, arguments[3]), uint32Of(env, arguments[4])},
      static_cast<journal::RecordSpan*>(numbers[0]), counts[0] / 3);
  auto* const into = static_cast<uint32_t*>(numbers[1]);
  into[0] = result.spans;
  into[1] = result.damaged;
  into[2] = result.next;
  into[3] = result.needed;
  into[4] = static_cast<uint32_t>(result.end);
  return nullptr;
}

// copyRows(bytes, spans, from, to, skip, into, at): the payloads of the spans `from` to `to`, without their first `skip`
// bytes, one behind the other into `into`. Returns where they end.
napi_value copyRows(napi_env env, napi_callback_info info) {
  const Arguments<7> arguments(env, info);
  char* bytes = nullptr;
  size_t size = 0;
  char* into = nullptr;
  size_t room = 0;
  napi_typedarray_type type = {};
  size_t numbers = 0;
  void* spans = nullptr;
  bool isSound = bytesOf(env, arguments[0], &bytes, &size) && bytesOf(env, arguments[5], &into, &room) &&
                 napi_get_typedarray_info(env, arguments[1], &type, &numbers, &spans, nullptr, nullptr) == napi_ok &&
                 type == napi_uint32_array;
  const uint32_t to = uint32Of(env, arguments[3]);
  const uint32_t skip = uint32Of(env, arguments[4]);
  size_t at = uint32Of(env, arguments[6]);
  isSound = isSound && to <= numbers / 3 && at <= room;
  for (uint32_t i = uint32Of(env, arguments[2]); isSound && i < to; i++) {
    const journal::RecordSpan& span = static_cast<const journal::RecordSpan*>(spans)[i];
    isSound = size_t{span.start} + span.length <= size && span.length >= skip && span.length - skip <= room - at;
    if (!isSound) break;
    std::memcpy(into + at, bytes + span.start + skip, span.length - skip);
    at += span.length - skip;
  }
  if (!isSound) {
    throwError(env, "copyRows needs two Buffers, and spans that lie within them");
    return nullptr;
  }
  return makeNumber(env, static_cast<double>(at));
}

// lockRun(path): the descriptor of the run's file, locked; close it to give the lock back. -1: its process is alive,
// someone else has the lock, or the file has gone.
napi_value lockRun(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const std::string path = textOf(env, arguments[0]);
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) {
    if (errno != ENOENT) throwError(env, path + " can't be opened: " + strerror(errno));
    return makeNumber(env, -1);
  }
  struct stat status {};
  if (flock(file, LOCK_EX | LOCK_NB) == 0 && fstat(file, &status) == 0 && status.st_nlink > 0) {
    return makeNumber(env, file);
  }
  close(file);
  return makeNumber(env, -1);
}

napi_property_descriptor method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

}  // namespace

CallJournal* journalOf(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  bool isJournal = false;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  if (napi_check_object_type_tag(env, value, &kJournalTag, &isJournal) != napi_ok || !isJournal) return nullptr;
  return wrappedIn(env, value);
}

void exportJournal(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      method("append", append),   method("sequence", sequence), method("offset", offset),
      method("prefix", prefix),   method("release", release),   method("maxRecordBytes", maxRecordBytes),
      method("stats", journalStats),     method("close", closeJournal),
  };
  napi_value constructor;
  napi_define_class(env, "CallJournal", NAPI_AUTO_LENGTH, construct, nullptr, std::size(methods), methods,
                    &constructor);
  setProperty(env, exports, "CallJournal", constructor);
  exportFunction(env, exports, "scanRecords", scanJournal);
  exportFunction(env, exports, "copyRows", copyRows);
  exportFunction(env, exports, "lockRun", lockRun);
}

}  // namespace tidegate

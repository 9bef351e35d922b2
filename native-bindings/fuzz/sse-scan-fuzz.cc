// sources: ../src/scan/sse-scan.cc ../src/scan/stream-usage.cc ../src/scan/usage-scan.cc ../src/scan/json-cursor.cc ../src/scan/text-bytes.cc
// A stream of any bytes: its events end at the same places however it is cut, those places are empty lines, and the
// usage watchers keep their promises for each event. The first byte chooses how the rest is cut.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "scan/sse-scan.h"
#include "scan/stream-usage.h"

namespace {

using tidegate::scan::SseScanner;
using tidegate::scan::StreamUsageWatcher;
using tidegate::scan::UsageDialect;

void require(bool holds) {
  if (!holds) std::abort();
}

// Where events end, the stream cut into pieces of `pieceBytes`.
std::vector<size_t> endsOf(std::string_view stream, size_t pieceBytes) {
  std::vector<size_t> ends;
  SseScanner scanner;
  for (size_t begin = 0; begin < stream.size(); begin += pieceBytes) {
    const std::string_view piece = stream.substr(begin, pieceBytes);
    size_t from = 0;
    while (from < piece.size()) {
      const size_t length = scanner.next(piece.data() + from, piece.size() - from);
      require(length <= piece.size() - from);
      if (length == 0) break;
      from += length;
      ends.push_back(begin + from);
    }
  }
  return ends;
}

bool endsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// The only empty line of an event is its last.
void checkEvent(std::string_view event, bool isWhole) {
  require(!isWhole || endsWith(event, "\n\n") || endsWith(event, "\n\r\n"));
  const size_t first = std::min(event.find("\n\n"), event.find("\n\r\n"));
  require(isWhole ? first + (event[first + 1] == '\n' ? 2 : 3) == event.size() : first == std::string_view::npos);
}

void watch(UsageDialect dialect, bool includeUsage, const std::vector<std::string_view>& events) {
  StreamUsageWatcher watcher(dialect, includeUsage);
  for (const std::string_view event : events) {
    const bool wasFinished = watcher.finished;
    const bool wasFailed = watcher.failed;
    watcher.needsHelp = false;
    const std::unique_ptr<char[]> copy(new char[event.size()]);
    std::copy(event.begin(), event.end(), copy.get());
    const bool isKept = watcher.push(copy.get(), event.size());
    require(isKept || (!includeUsage && dialect == UsageDialect::kOpenai && watcher.usage.told()));
    require(isKept || !watcher.needsHelp);
    require(watcher.finished || !wasFinished);
    require(watcher.failed || !wasFailed);
    require(!watcher.needsHelp || (watcher.finished == wasFinished && watcher.failed == wasFailed));
    require(watcher.model.size() <= 200);
    require(watcher.failed || watcher.failureData.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<size_t> ends = endsOf(stream, stream.size() + 1);
  require(ends == endsOf(stream, 1));
  require(ends == endsOf(stream, size_t{data[0]} % 64 + 2));
  std::vector<std::string_view> events;
  size_t begin = 0;
  for (const size_t end : ends) {
    events.push_back(stream.substr(begin, end - begin));
    checkEvent(events.back(), true);
    begin = end;
  }
  events.push_back(stream.substr(begin));
  checkEvent(events.back(), false);
  for (const UsageDialect dialect : {UsageDialect::kNone, UsageDialect::kOpenai, UsageDialect::kAnthropic}) {
    watch(dialect, true, events);
    watch(dialect, false, events);
  }
  return 0;
}

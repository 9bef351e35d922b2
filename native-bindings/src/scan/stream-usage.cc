#include "scan/stream-usage.h"

#include <algorithm>
#include <cstring>

#include "scan/byte-search.h"
#include "scan/json-cursor.h"

namespace tidegate::scan {

namespace {

constexpr size_t kMaxModelBytes = 200;
constexpr size_t kMaxFailureBytes = 64 * 1024;
constexpr size_t kMaxKeptBytes = 64 * 1024;

bool startsWith(std::string_view text, std::string_view begin) { return text.substr(0, begin.size()) == begin; }

struct RawEvent {
  std::string_view name;
  // Of the first data line.
  std::string_view data;
  size_t dataLines = 0;
  // Of all data lines, joined.
  size_t dataBytes = 0;
};

// A line's field: what follows the colon and one space.
std::string_view fieldValue(std::string_view line, size_t colon) {
  return line.substr(line.size() > colon + 1 && line[colon + 1] == ' ' ? colon + 2 : colon + 1);
}

// As parseRawEvent of src/data-plane/pipeline/ai/sse-splitter.ts.
RawEvent readRawEvent(std::string_view text) {
  RawEvent raw;
  while (!text.empty()) {
    const size_t lineFeed = text.find('\n');
    std::string_view line = text.substr(0, lineFeed);
    text = lineFeed == std::string_view::npos ? std::string_view() : text.substr(lineFeed + 1);
    // A CR belongs to the line's end only before a LF.
    if (lineFeed != std::string_view::npos && !line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (startsWith(line, "data:")) {
      const std::string_view value = fieldValue(line, 4);
      if (raw.dataLines == 0) raw.data = value;
      raw.dataBytes += value.size() + (raw.dataLines == 0 ? 0 : 1);
      raw.dataLines++;
    } else if (startsWith(line, "event:")) {
      raw.name = fieldValue(line, 5);
    }
  }
  return raw;
}

// The length of the watched name, quotes included, that begins with the quote at `text`; 0: none does.
size_t watchedNameAt(std::string_view text) {
  for (const std::string_view name : {"\"finish_reason\"", "\"usage\"", "\"error\""}) {
    if (startsWith(text, name)) return name.size();
  }
  return 0;
}

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trimBlanks(std::string_view text) {
  while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
  return text;
}

// Whether one of the watched names is there, followed by a colon and another value than null. Within strings the quotes
// are escaped, so that they don't match. `anyValue`: the name alone is enough.
bool mayMatter(std::string_view data, bool anyValue) {
  const char* const end = data.data() + data.size();
  for (const char* at = data.data();; at++) {
    at = findQuoteBefore(at, end, 'f', 'u', 'e');
    if (at == end) return false;
    const std::string_view rest(at, static_cast<size_t>(end - at));
    const size_t length = watchedNameAt(rest);
    if (length == 0) continue;
    if (anyValue) return true;
    const std::string_view colon = trimBlanks(rest.substr(length));
    if (!startsWith(colon, ":")) continue;
    if (!startsWith(trimBlanks(colon.substr(1)), "null")) return true;
  }
}

// A string's content when it is plain ASCII without escapes. `value`: the text of a string.
bool plainContent(std::string_view value, std::string_view* content) {
  *content = value.substr(1, value.size() - 2);
  return std::all_of(content->begin(), content->end(),
                     [](char c) { return c != '\\' && static_cast<uint8_t>(c) < 0x80; });
}

// Deltas, by far the most events, are told by their name alone.
bool isWatchedEvent(std::string_view name) {
  return name == "message_start" || name == "message_delta" || name == "message_stop" || name == "error";
}

struct Choices {
  size_t count = 0;
  bool finished = false;
  // `usage` of the first one (Moonshot).
  std::string_view usage;
};

// False: can't be told. `text`: of a value that was walked over already, so that it is known to be JSON.
bool readChoices(std::string_view text, Choices* choices) {
  if (!isArray(text)) return true;
  JsonCursor cursor(text);
  cursor.take('[');
  if (cursor.take(']')) return true;
  do {
    std::string_view choice;
    if (cursor.takeValue(&choice) != Walk::kDone) return false;
    if (isObject(choice)) {
      constexpr std::string_view kNames[] = {"finish_reason", "usage"};
      std::string_view values[2];
      if (readFields(choice, kNames, values) != Walk::kDone) return false;
      if (isString(values[0])) choices->finished = true;
      if (choices->count == 0) choices->usage = values[1];
    }
    choices->count++;
  } while (cursor.take(','));
  return true;
}

bool isNothing(std::string_view value) {
  return value == "null" || value == "\"\"" || (isArray(value) && trimBlanks(value.substr(1)) == "]");
}

// As holdsSome of src/dialects/openai/passthrough.ts: whether a chunk says more than who is going to speak. What can't be
// told does.
bool holdsSome(std::string_view choices) {
  if (!isArray(choices)) return true;
  JsonCursor cursor(choices);
  cursor.take('[');
  if (cursor.take(']')) return false;
  do {
    std::string_view choice;
    if (cursor.takeValue(&choice) != Walk::kDone || !isObject(choice)) return true;
    constexpr std::string_view kNames[] = {"finish_reason", "delta"};
    std::string_view values[2];
    if (readFields(choice, kNames, values) != Walk::kDone || isString(values[0]) || !isObject(values[1])) return true;
    JsonCursor delta(values[1]);
    delta.take('{');
    if (delta.take('}')) continue;
    do {
      std::string_view name;
      std::string_view value;
      if (!delta.takeString(&name) || !delta.take(':') || delta.takeValue(&value) != Walk::kDone) return true;
      if (name != "role" && !isNothing(value)) return true;
    } while (delta.take(','));
  } while (cursor.take(','));
  return false;
}

// Where a chunk may carry usage: at the top, in Groq's `x_groq`, or in the first choice.
UsageVerdict readChunkUsage(std::string_view top, std::string_view groq, const Choices& choices, Usage* usage) {
  const UsageVerdict verdict = judgeOpenaiUsage(top, usage);
  if (verdict != UsageVerdict::kNothing) return verdict;
  if (!isObject(groq)) return judgeOpenaiUsage(choices.usage, usage);
  constexpr std::string_view kNames[] = {"usage"};
  std::string_view values[1];
  if (readFields(groq, kNames, values) != Walk::kDone) return UsageVerdict::kUnsure;
  return judgeOpenaiUsage(values[0], usage);
}

}  // namespace

bool StreamUsageWatcher::push(const char* event, size_t length) {
  if (dialect_ == UsageDialect::kOpenai) return pushOpenai({event, length});
  if (dialect_ == UsageDialect::kAnthropic) pushAnthropic({event, length});
  return true;
}

// Most chunks end at the search for names: of a long answer, only the first and the last two or three are read.
bool StreamUsageWatcher::pushOpenai(std::string_view event) {
  const RawEvent raw = readRawEvent(event);
  // Empty events, and comments without any data, keep connections alive.
  if (raw.dataBytes == 0) return true;
  if (startsWith(raw.data, "[DONE]")) {
    finished = true;
    announces = false;
    return true;
  }
  const bool isWhole = raw.dataLines == 1;
  if (!model.empty() && !announces && !mayMatter(isWhole ? raw.data : event, !isWhole)) {
    tally_.note(raw.dataBytes, event);
    return true;
  }
  keep(event);
  if (isWhole) return lookAtChunk(raw.data);
  announces = false;
  needsHelp = true;
  return true;
}

bool StreamUsageWatcher::lookAtChunk(std::string_view data) {
  constexpr std::string_view kNames[] = {"model", "usage", "x_groq", "error", "object", "choices"};
  std::string_view values[6];
  const auto& [modelText, usageText, groq, error, object, choicesText] = values;
  const Walk walk = readFields(data, kNames, values);
  Choices choices;
  Usage found;
  std::string_view name;
  std::string_view kind;
  if (announces) announces = walk == Walk::kDone && !holdsSome(choicesText);
  bool isSure = walk != Walk::kUnsure;
  UsageVerdict verdict = UsageVerdict::kNothing;
  if (walk == Walk::kDone) {
    isSure = readChoices(choicesText, &choices) &&
             (!model.empty() || !isString(modelText) || plainContent(modelText, &name)) &&
             (!isString(object) || plainContent(object, &kind));
    verdict = readChunkUsage(usageText, groq, choices, &found);
  }
  if (!isSure || verdict == UsageVerdict::kUnsure) {
    needsHelp = true;
    // Whoever helps finds the usage in it.
    if (verdict != UsageVerdict::kNothing) tally_.told();
    return true;
  }
  // No JSON object tells nothing.
  if (walk == Walk::kBroken) return true;
  if (model.empty()) model = name.substr(0, kMaxModelBytes);
  if (verdict == UsageVerdict::kTold) {
    usage = found;
    tally_.told();
  } else if (!announces) {
    tally_.note(data.size(), data);
  }
  if ((!error.empty() && error != "null" && error != "false") || kind == "error") fail(data);
  if (choices.finished) finished = true;
  return includeUsage_ || verdict != UsageVerdict::kTold || choices.count > 0;
}

void StreamUsageWatcher::pushAnthropic(std::string_view event) {
  const RawEvent raw = readRawEvent(event);
  announces = raw.name == "message_start" || raw.name == "ping" || raw.name == "content_block_start";
  if (raw.name == "content_block_delta") tally_.note(raw.dataBytes, event);
  if (!isWatchedEvent(raw.name) || raw.dataLines == 0) return;
  keep(event);
  constexpr std::string_view kNames[] = {"type", "message", "usage"};
  std::string_view values[3];
  const Walk walk = raw.dataLines == 1 ? readFields(raw.data, kNames, values) : Walk::kUnsure;
  if (walk == Walk::kBroken) return;
  std::string_view type;
  if (walk == Walk::kUnsure || (isString(values[0]) && !plainContent(values[0], &type))) {
    needsHelp = true;
    return;
  }
  if (type == "message_start") {
    if (isObject(values[1])) lookAtMessageStart(values[1]);
  } else if (type == "message_delta") {
    AnthropicCounts counts = counts_;
    const UsageVerdict verdict = counts.merge(values[2]);
    if (verdict == UsageVerdict::kTold) mergeCounts(counts);
    if (verdict == UsageVerdict::kUnsure) {
      needsHelp = true;
      tally_.told();
    }
  } else if (type == "message_stop") {
    finished = true;
  } else if (type == "error") {
    fail(raw.data);
  }
}

void StreamUsageWatcher::lookAtMessageStart(std::string_view message) {
  constexpr std::string_view kNames[] = {"model", "usage"};
  std::string_view values[2];
  std::string_view name;
  AnthropicCounts counts = counts_;
  UsageVerdict verdict = UsageVerdict::kUnsure;
  if (readFields(message, kNames, values) == Walk::kDone && (!isString(values[0]) || plainContent(values[0], &name))) {
    verdict = counts.merge(values[1]);
  }
  if (verdict == UsageVerdict::kUnsure) {
    needsHelp = true;
    tally_.told();
    return;
  }
  if (isString(values[0])) model = name.substr(0, kMaxModelBytes);
  if (verdict == UsageVerdict::kTold) mergeCounts(counts);
}

void StreamUsageWatcher::mergeCounts(const AnthropicCounts& counts) {
  counts_ = counts;
  usage = counts.usage();
  tally_.told();
}

void StreamUsageWatcher::keep(std::string_view event) {
  if (keptTooMuch_ || kept_.size() + event.size() > kMaxKeptBytes) {
    keptTooMuch_ = true;
    kept_.clear();
    return;
  }
  kept_.append(event);
}

void StreamUsageWatcher::fail(std::string_view data) {
  failed = true;
  failureData = data.size() <= kMaxFailureBytes ? data : std::string_view();
}

}  // namespace tidegate::scan

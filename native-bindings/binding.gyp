{
  "targets": [
    {
      "target_name": "tidegate",
      "sources": [
        "src/addon.cc",
        "src/bindings/digest-binding.cc",
        "src/bindings/engine-binding.cc",
        "src/bindings/engine.cc",
        "src/bindings/governor-binding.cc",
        "src/bindings/journal-binding.cc",
        "src/bindings/limits-binding.cc",
        "src/bindings/parser-binding.cc",
        "src/bindings/scan-binding.cc",
        "src/client/origin.cc",
        "src/client/upstream-connection.cc",
        "src/digest/sha256.cc",
        "src/governor/client-address.cc",
        "src/governor/governed-call.cc",
        "src/governor/governor.cc",
        "src/http/chunked-decoder.cc",
        "src/http/fields.cc",
        "src/http/request-parser.cc",
        "src/http/response-parser.cc",
        "src/journal/call-journal.cc",
        "src/journal/record-scan.cc",
        "src/limits/shared-limits.cc",
        "src/net/poller.cc",
        "src/scan/json-cursor.cc",
        "src/scan/json-scan.cc",
        "src/scan/sse-scan.cc",
        "src/scan/stream-usage.cc",
        "src/scan/usage-scan.cc",
        "src/server/connection.cc",
        "src/server/exchange.cc",
        "src/server/listener.cc",
        "src/server/status-line.cc"
      ],
      "include_dirs": ["src"],
      "defines": ["NAPI_VERSION=9", "_GNU_SOURCE"],
      "cflags": ["-Wall", "-Wextra", "-Wno-unused-parameter"],
      "cflags_cc!": ["-std=gnu++20", "-std=gnu++17"],
      "cflags_cc": ["-std=c++17", "-O2", "-fvisibility=hidden"]
    }
  ]
}

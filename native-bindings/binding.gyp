{
  "targets": [
    {
      "target_name": "tidegate",
      "sources": ["src/core.cc", "src/bindings.cc"],
      "include_dirs": ["src"],
      "defines": ["NAPI_VERSION=9", "_GNU_SOURCE"],
      "cflags": ["-Wall", "-Wextra", "-Wno-unused-parameter"],
      "cflags_cc!": ["-std=gnu++20", "-std=gnu++17"],
      "cflags_cc": ["-std=c++17", "-Wno-subobject-linkage", "-O2", "-fvisibility=hidden"]
    }
  ]
}

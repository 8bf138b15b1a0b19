// What the API server does with a manifest before it stores it, in one call.

#pragma once

#include "api/scheme.h"
#include "controller/base/error.h"
#include "controller/base/yaml.h"
#include "tests/testing/paths.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace clickdeploy::api {

struct Admitted {
  Json object;
  std::vector<std::string> unknown_fields;
  FieldErrors errors;
};

inline Result<Admitted> admit(Json object) {
  const ResourceInfo* info =
      builtin_scheme().find_kind(object["apiVersion"].as_string(), object["kind"].as_string());
  if (!info) return fail(ErrorCode::NotFound, "unknown kind " + object["kind"].as_string());

  Admitted admitted;
  Json metadata = object["metadata"];
  Result<void> decoded = decode_metadata(metadata, &admitted.unknown_fields);
  if (!decoded) return std::unexpected(decoded.error());
  if (info->namespaced && !metadata.contains("namespace")) metadata.set("namespace", "default");
  object.set("metadata", metadata);

  prune(object, info->schema, &admitted.unknown_fields);
  apply_defaults(object, info->schema);
  if (info->normalize) info->normalize(object);
  admitted.errors =
      validate_object(*info, object, nullptr, WriteTarget::Object,
                      validate_metadata(object["metadata"], info->name_rule, info->namespaced));
  admitted.object = std::move(object);
  return admitted;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline const std::filesystem::path& source_dir() {
  static const std::filesystem::path path = testing::source_folder();
  return path;
}

}  // namespace clickdeploy::api

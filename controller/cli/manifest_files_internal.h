// Manifests: the objects of YAML and JSON files, each knowing the line that every field stands in.

#pragma once

#include "api/scheme.h"
#include "controller/base/error.h"
#include "controller/base/yaml.h"
#include "controller/cli/commands_internal.h"

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::cli {

struct Manifest {
  std::string file;  // as the user named it
  Json object;
  const api::ResourceInfo* info = nullptr;  // set by check_manifest
  std::shared_ptr<const YamlDocument> document;
  std::string prefix;  // path of the object in the document: "" or "items[2]"

  const std::string& name() const { return object["metadata"]["name"].as_string(); }
  const std::string& namespace_name() const { return object["metadata"]["namespace"].as_string(); }
  // "web.yaml:12", for the field or the nearest one around it.
  std::string where(std::string_view path) const;
};

struct ManifestSet {
  std::vector<Manifest> manifests;  // in the order of the files and of each file
  std::vector<std::string> errors;  // "web.yaml:12:3: …"; nothing of such a file is in `manifests`
};

// Files, folders (their *.yaml, *.yml and *.json, by name) and "-". A List stands for its items.
ManifestSet read_manifests(const FileArguments& arguments, std::istream& in);

// What makes an object addressable: apiVersion, kind and name, and a namespace, which is filled in
// from the session. "" if it is good, else the error with its place.
std::string check_manifest(const Session& session, Manifest& manifest);

}  // namespace clickdeploy::cli

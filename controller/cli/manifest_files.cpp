#include "controller/base/text.h"
#include "controller/cli/manifest_files_internal.h"
#include "controller/cli/session_internal.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>

namespace clickdeploy::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStandardInput = "standard input";

bool is_manifest_name(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

std::vector<std::string> files_in(const std::string& folder, bool recursive) {
  std::vector<std::string> files;
  std::error_code error;
  const auto add = [&files](const fs::directory_entry& entry) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored) && is_manifest_name(entry.path())) {
      files.push_back(entry.path().string());
    }
  };
  if (recursive) {
    for (const auto& entry : fs::recursive_directory_iterator(folder, error)) add(entry);
  } else {
    for (const auto& entry : fs::directory_iterator(folder, error)) add(entry);
  }
  std::ranges::sort(files);
  return files;
}

// "invalid YAML at line 7, column 3: why" → "web.yaml:7:3: invalid YAML: why".
std::string parse_error(const std::string& file, const std::string& message) {
  constexpr std::string_view kLine = " at line ";
  constexpr std::string_view kColumn = ", column ";
  const std::size_t line = message.find(kLine);
  const std::size_t column = message.find(kColumn);
  const std::size_t colon = message.find(": ", line == std::string::npos ? 0 : line);
  if (line == std::string::npos || column == std::string::npos || colon == std::string::npos) {
    return file + ": " + message;
  }
  const std::string line_text = message.substr(line + kLine.size(), column - line - kLine.size());
  const std::string column_text =
      message.substr(column + kColumn.size(), colon - column - kColumn.size());
  return file + ":" + line_text + ":" + column_text + ": " + message.substr(0, line) +
         message.substr(colon);
}

class Reader {
 public:
  explicit Reader(ManifestSet& set) : set_(set) {}

  void read_text(const std::string& file, const std::string& text) {
    Result<std::vector<YamlDocument>> documents = parse_yaml(text);
    if (!documents) {
      // JSON that is not also YAML (tabs) has no lines to offer, but is as good.
      Result<Json> json = parse_json(text);
      if (!json) {
        set_.errors.push_back(parse_error(file, documents.error().message()));
        return;
      }
      documents->emplace_back().value = *std::move(json);
    }
    if (documents->empty()) set_.errors.push_back(file + ": there is no object in it");
    for (YamlDocument& document : *documents) {
      add_document(file, std::make_shared<const YamlDocument>(std::move(document)));
    }
  }

  void read_file(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
      set_.errors.push_back(file + ": the file cannot be read");
      return;
    }
    read_text(file, std::string(std::istreambuf_iterator<char>(stream), {}));
  }

 private:
  void add_document(const std::string& file, const std::shared_ptr<const YamlDocument>& document) {
    const Json& value = document->value;
    if (value["kind"].as_string() == "List" && value["items"].is_array()) {
      for (std::size_t i = 0; i < value["items"].size(); ++i) {
        set_.manifests.push_back(
            {file, value["items"][i], nullptr, document, "items[" + std::to_string(i) + "]"});
      }
      return;
    }
    set_.manifests.push_back({file, value, nullptr, document, ""});
  }

  ManifestSet& set_;
};

std::string remote_error(const std::string& file) {
  return file +
         ": files are not fetched from the network; download it, look at it, and name the "
         "copy";
}

}  // namespace

std::string Manifest::where(std::string_view path) const {
  std::string full = prefix;
  if (!full.empty() && !path.empty() && !path.starts_with('[')) full += '.';
  full += path;
  std::size_t line = document->line_of(full);
  if (line == 0) {
    for (const char* start : {"apiVersion", "kind", "metadata"}) {
      const std::size_t at = document->line_of(start);
      if (at != 0 && (line == 0 || at < line)) line = at;
    }
  }
  return line == 0 ? file : file + ":" + std::to_string(line);
}

ManifestSet read_manifests(const FileArguments& arguments, std::istream& in) {
  ManifestSet set;
  Reader reader(set);
  for (const std::string& name : arguments.files) {
    std::error_code error;
    if (name == "-") {
      reader.read_text(std::string(kStandardInput),
                       std::string(std::istreambuf_iterator<char>(in), {}));
    } else if (name.starts_with("http://") || name.starts_with("https://")) {
      set.errors.push_back(remote_error(name));
    } else if (fs::is_directory(name, error)) {
      const std::vector<std::string> files = files_in(name, arguments.recursive);
      if (files.empty()) {
        set.errors.push_back(name + ": there is no *.yaml, *.yml or *.json in the folder" +
                             (arguments.recursive ? "" : "; -R looks below it too"));
      }
      for (const std::string& file : files) reader.read_file(file);
    } else {
      reader.read_file(name);
    }
  }
  return set;
}

std::string check_manifest(const Session& session, Manifest& manifest) {
  const std::string& api_version = manifest.object["apiVersion"].as_string();
  const std::string& kind = manifest.object["kind"].as_string();
  if (!manifest.object.is_object()) return manifest.where("") + ": an object must stand here";
  if (api_version.empty()) return manifest.where("apiVersion") + ": apiVersion: must be set";
  if (kind.empty()) return manifest.where("kind") + ": kind: must be set";
  manifest.info = api::builtin_scheme().find_kind(api_version, kind);
  if (manifest.info == nullptr) {
    return manifest.where("kind") + ": kind: there is no " + kind + " in " + api_version +
           "; \"clickctl api-resources\" lists the kinds";
  }
  if (manifest.name().empty()) {
    return manifest.where("metadata") + ": metadata.name: must be set";
  }
  if (!manifest.info->namespaced) return "";
  if (manifest.namespace_name().empty()) {
    manifest.object.member("metadata").set("namespace", session.namespace_name);
  } else if (session.namespace_given && manifest.namespace_name() != session.namespace_name) {
    return manifest.where("metadata.namespace") + ": metadata.namespace: is " +
           manifest.namespace_name() + ", but -n says " + session.namespace_name;
  }
  return "";
}

}  // namespace clickdeploy::cli

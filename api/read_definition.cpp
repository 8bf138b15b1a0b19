// From a CustomResourceDefinition to a ResourceInfo.

#include "api/scheme.h"
#include "controller/base/text.h"

namespace clickdeploy::api {
namespace {

std::vector<std::string> strings(const Json& list) {
  std::vector<std::string> result;
  for (const Json& item : list.as_array()) result.push_back(item.as_string());
  return result;
}

// ".spec.replicas" → {"spec", "replicas"}.
std::vector<std::string> members(std::string_view path) {
  if (path.starts_with('.')) path.remove_prefix(1);
  if (path.empty()) return {};
  return split(path, '.');
}

Result<Column> read_column(const Json& source) {
  Column column;
  column.name = source["name"].as_string();
  column.type = source["type"].as_string();
  column.format = source["format"].as_string();
  column.priority = static_cast<int>(source["priority"].as_int());
  column.description = source["description"].as_string();
  const std::string& path = source["jsonPath"].as_string();
  if (path.empty()) return column;  // a computed cell: core::attach_hooks fills it in
  if (column.description.empty()) {
    column.description = "Custom resource definition column (in JSONPath format): " + path;
  }
  Result<JsonPath> parsed = JsonPath::parse(path);
  if (!parsed) return std::unexpected(std::move(parsed).error().with_context(column.name));
  column.path = std::move(*parsed);
  return column;
}

Column name_column() {
  Column column;
  column.name = "Name";
  column.type = "string";
  column.format = "name";
  column.description = "Name of the object, unique in its namespace.";
  column.path = JsonPath::parse(".metadata.name").value();
  return column;
}

Column age_column() {
  Column column;
  column.name = "Age";
  column.type = "date";
  column.description = "How long ago the object was created.";
  column.path = JsonPath::parse(".metadata.creationTimestamp").value();
  return column;
}

// Every table begins with the name, unless the definition places it itself.
Result<std::vector<Column>> read_columns(const Json& version) {
  std::vector<Column> columns;
  bool names_itself = false;
  for (const Json& source : version["additionalPrinterColumns"].as_array()) {
    Result<Column> column = read_column(source);
    if (!column) return std::unexpected(column.error());
    names_itself = names_itself || column->name == "Name";
    columns.push_back(std::move(*column));
  }
  if (columns.empty()) columns.push_back(age_column());
  if (!names_itself) columns.insert(columns.begin(), name_column());
  return columns;
}

Result<const Json*> stored_version(const Json& definition) {
  for (const Json& version : definition["spec"]["versions"].as_array()) {
    if (version["storage"].as_bool()) return &version;
  }
  return fail(ErrorCode::InvalidArgument, "no version is stored");
}

void read_names(const Json& spec, ResourceInfo& info) {
  const Json& names = spec["names"];
  info.group = spec["group"].as_string();
  info.kind = names["kind"].as_string();
  info.list_kind = names["listKind"].as_string(info.kind + "List");
  info.plural = names["plural"].as_string();
  info.singular = names["singular"].as_string(to_lower(info.kind));
  info.short_names = strings(names["shortNames"]);
  info.categories = strings(names["categories"]);
  info.namespaced = spec["scope"].as_string() == "Namespaced";
  info.custom = !info.group.empty() && !info.group.ends_with(".k8s.io");
}

void read_subresources(const Json& version, ResourceInfo& info) {
  const Json& subresources = version["subresources"];
  info.has_status = subresources.contains("status");
  if (const Json* scale = subresources.find("scale")) {
    info.scale = ScalePaths{members((*scale)["specReplicasPath"].as_string()),
                            members((*scale)["statusReplicasPath"].as_string()),
                            members((*scale)["labelSelectorPath"].as_string())};
  }
  if (info.namespaced) info.selectable_fields.emplace_back("metadata.namespace");
  info.selectable_fields.emplace_back("metadata.name");
  for (const Json& field : version["selectableFields"].as_array()) {
    info.selectable_fields.push_back(join(members(field["jsonPath"].as_string()), "."));
  }
}

}  // namespace

Result<ResourceInfo> read_definition(Json definition) {
  Result<const Json*> version = stored_version(definition);
  if (!version) return std::unexpected(version.error());

  ResourceInfo info;
  info.version = (**version)["name"].as_string();
  read_names(definition["spec"], info);
  if (info.kind.empty() || info.plural.empty() || info.version.empty()) {
    return fail(ErrorCode::InvalidArgument, "kind, plural and version are required");
  }
  read_subresources(**version, info);

  Result<std::vector<Column>> columns = read_columns(**version);
  if (!columns) return std::unexpected(std::move(columns).error().with_context("column"));
  info.columns = std::move(*columns);

  info.schema_json = (**version)["schema"]["openAPIV3Schema"];
  Result<Schema> schema = Schema::compile(info.schema_json);
  if (!schema) return std::unexpected(schema.error());
  info.schema = std::move(*schema);
  info.definition = std::move(definition);
  return info;
}

}  // namespace clickdeploy::api

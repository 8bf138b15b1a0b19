#include "api/schema/openapi_meta.h"

#include <string>

namespace clickdeploy::api {
namespace {

std::string meta(std::string_view name) {
  return std::string(kMetaPrefix) + std::string(name);
}

Json text(std::string_view description) {
  return Json::object({{"description", description}, {"type", "string"}});
}

Json integer(std::string_view description) {
  return Json::object({{"description", description}, {"type", "integer"}, {"format", "int64"}});
}

Json flag(std::string_view description) {
  return Json::object({{"description", description}, {"type", "boolean"}});
}

Json text_map(std::string_view description) {
  return Json::object({{"description", description},
                       {"type", "object"},
                       {"additionalProperties", Json::object({{"type", "string"}})}});
}

Json list(std::string_view description, Json items, std::string_view list_type,
          std::string_view key = {}) {
  Json result = Json::object({{"description", description},
                              {"type", "array"},
                              {"items", std::move(items)},
                              {"x-kubernetes-list-type", list_type}});
  if (!key.empty()) result.set("x-kubernetes-list-map-keys", Json::array({key}));
  return result;
}

Json object(std::string_view description, Json properties) {
  return Json::object(
      {{"description", description}, {"type", "object"}, {"properties", std::move(properties)}});
}

Json object_meta() {
  const auto time = [](std::string_view description) {
    return schema_reference(meta("Time"), description);
  };
  return object(
      "ObjectMeta is what every stored object has: its identity, its labels, its life.",
      Json::object(
          {{"annotations",
            text_map("Notes of tools and people. Objects are not selected by them.")},
           {"creationTimestamp", time("When the object was created. Set by the server.")},
           {"deletionGracePeriodSeconds", integer("Grace period of the deletion under way.")},
           {"deletionTimestamp",
            time("When deletion was asked for. The object goes once it has no finalizers.")},
           {"finalizers", list("Who must clean up before the object goes.",
                               Json::object({{"type", "string"}}), "set")},
           {"generateName", text("Prefix from which the server makes a name if there is none.")},
           {"generation", integer("Counts changes of the desired state. Set by the server.")},
           {"labels", text_map("Keys and values that objects are selected by.")},
           {"managedFields", list("Which client set which field.",
                                  schema_reference(meta("ManagedFieldsEntry"), ""), "atomic")},
           {"name", text("Name of the object, unique in its namespace. It never changes.")},
           {"namespace", text("Namespace of the object. It never changes.")},
           {"ownerReferences",
            list("Objects that this one belongs to; it is deleted with the last of them.",
                 schema_reference(meta("OwnerReference"), ""), "map", "uid")},
           {"resourceVersion", text("Version of the stored object; it changes with each write.")},
           {"selfLink", text("Not used.")},
           {"uid", text("Identity of the object in time and space. Set by the server.")}}));
}

Json owner_reference() {
  Json schema =
      object("OwnerReference names an owner in the same namespace, or one without a namespace.",
             Json::object(
                 {{"apiVersion", text("API version of the owner.")},
                  {"blockOwnerDeletion", flag("Foreground deletion of the owner waits for this.")},
                  {"controller", flag("Whether the owner manages this object.")},
                  {"kind", text("Kind of the owner.")},
                  {"name", text("Name of the owner.")},
                  {"uid", text("UID of the owner.")}}));
  schema.set("required", Json::array({"apiVersion", "kind", "name", "uid"}));
  schema.set("x-kubernetes-map-type", "atomic");
  return schema;
}

Json managed_fields_entry() {
  return object(
      "ManagedFieldsEntry is the set of fields that one client manages.",
      Json::object({{"apiVersion", text("API version that the fields are of.")},
                    {"fieldsType", text("Form of fieldsV1: FieldsV1.")},
                    {"fieldsV1", schema_reference(meta("FieldsV1"), "The fields.")},
                    {"manager", text("Name of the client.")},
                    {"operation", text("Apply or Update.")},
                    {"subresource", text("Subresource that was written, if any.")},
                    {"time", schema_reference(meta("Time"), "When the entry last changed.")}}));
}

Json list_meta() {
  return object(
      "ListMeta is the metadata of a list.",
      Json::object(
          {{"continue", text("Token for the next page, if there is one.")},
           {"remainingItemCount", integer("How many items the pages after this one have.")},
           {"resourceVersion", text("Version of the store that the list shows.")},
           {"selfLink", text("Not used.")}}));
}

Json delete_options() {
  return object(
      "DeleteOptions says how an object is deleted.",
      Json::object({{"apiVersion", text("v1")},
                    {"dryRun", list("All: everything is done but the deletion.",
                                    Json::object({{"type", "string"}}), "atomic")},
                    {"gracePeriodSeconds", integer("Seconds before the object goes.")},
                    {"kind", text("DeleteOptions")},
                    {"orphanDependents", flag("An older way to say propagationPolicy.")},
                    {"preconditions", schema_reference(meta("Preconditions"), "What must be so.")},
                    {"propagationPolicy", text("Orphan, Background or Foreground.")}}));
}

Json small_integer(std::string_view description) {
  Json result = integer(description);
  result.set("format", "int32");
  return result;
}

Json status() {
  Json result = object(
      "Status tells how a request ended that has no object for an answer.",
      Json::object({{"apiVersion", text("v1")},
                    {"code", small_integer("The HTTP status.")},
                    {"details", schema_reference(meta("StatusDetails"), "What it is about.")},
                    {"kind", text("Status")},
                    {"message", text("What happened, for people.")},
                    {"metadata", schema_reference(meta("ListMeta"), "Of a list that went wrong.")},
                    {"reason", text("One word for programs.")},
                    {"status", text("Success or Failure.")}}));
  result.set("x-kubernetes-group-version-kind",
             Json::array({Json::object({{"group", ""}, {"kind", "Status"}, {"version", "v1"}})}));
  return result;
}

Json status_details() {
  return object("StatusDetails names what a Status is about.",
                Json::object({{"causes", list("Each single thing that is wrong.",
                                              schema_reference(meta("StatusCause"), ""), "atomic")},
                              {"group", text("API group of the object.")},
                              {"kind", text("Its resource, or its kind.")},
                              {"name", text("Name of the object.")},
                              {"retryAfterSeconds", small_integer("When to try again.")},
                              {"uid", text("UID of the object.")}}));
}

Json status_cause() {
  return object("StatusCause is one thing that is wrong.",
                Json::object({{"field", text("Path of the field.")},
                              {"message", text("What is wrong with it.")},
                              {"reason", text("One word for programs.")}}));
}

}  // namespace

Json schema_reference(std::string_view component, std::string_view description) {
  Json target = Json::object({{"$ref", "#/components/schemas/" + std::string(component)}});
  Json reference = Json::object({{"allOf", Json::array({std::move(target)})}});
  if (!description.empty()) reference.set("description", description);
  return reference;
}

Json meta_schemas() {
  Json schemas = Json::object();
  schemas.set(meta("ObjectMeta"), object_meta());
  schemas.set(meta("OwnerReference"), owner_reference());
  schemas.set(meta("ManagedFieldsEntry"), managed_fields_entry());
  schemas.set(meta("ListMeta"), list_meta());
  schemas.set(meta("DeleteOptions"), delete_options());
  schemas.set(meta("Preconditions"),
              object("Preconditions must hold, or the object stays as it is.",
                     Json::object({{"resourceVersion", text("Version the object must have.")},
                                   {"uid", text("UID the object must have.")}})));
  schemas.set(meta("Status"), status());
  schemas.set(meta("StatusDetails"), status_details());
  schemas.set(meta("StatusCause"), status_cause());
  schemas.set(meta("FieldsV1"),
              Json::object({{"description", "A set of fields, as a tree of their names."},
                            {"type", "object"}}));
  schemas.set(meta("Time"), Json::object({{"description", "A time in RFC 3339."},
                                          {"type", "string"},
                                          {"format", "date-time"}}));
  schemas.set(meta("Patch"),
              Json::object({{"description", "Body of a PATCH request."}, {"type", "object"}}));
  return schemas;
}

void add_scale_schemas(Json& schemas) {
  const std::string name(kScaleComponent);
  Json scale =
      object("Scale is the number of replicas of an object, to be read and set.",
             Json::object({{"apiVersion", text("autoscaling/v1")},
                           {"kind", text("Scale")},
                           {"metadata", schema_reference(meta("ObjectMeta"), "Of the object.")},
                           {"spec", schema_reference(name + "Spec", "What is wanted.")},
                           {"status", schema_reference(name + "Status", "What there is.")}}));
  scale.set("x-kubernetes-group-version-kind",
            Json::array(
                {Json::object({{"group", "autoscaling"}, {"kind", "Scale"}, {"version", "v1"}})}));
  schemas.set(name, std::move(scale));
  schemas.set(name + "Spec",
              object("ScaleSpec is how many replicas are wanted.",
                     Json::object({{"replicas", small_integer("How many are wanted.")}})));
  schemas.set(name + "Status",
              object("ScaleStatus is how many replicas there are.",
                     Json::object({{"replicas", small_integer("How many there are.")},
                                   {"selector", text("Labels by which they are found.")}})));
}

}  // namespace clickdeploy::api

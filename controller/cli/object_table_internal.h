// ObjectTable: objects of one kind as rows, with the columns of the kind's schema.

#pragma once

#include "api/scheme.h"
#include "controller/base/text.h"
#include "controller/cli/text_table_internal.h"

namespace clickdeploy::cli {

struct ObjectTableOptions {
  bool wide = false;
  bool with_namespace = false;
  bool with_labels = false;
  bool with_kind = false;  // names as "service.clickdeploy.io/web"
};

class ObjectTable {
 public:
  ObjectTable(const api::ResourceInfo& info, ObjectTableOptions options)
      : info_(info), options_(options) {}

  TextTable::Row header() const;
  TextTable::Row row(const Json& object, WallTime now) const;

 private:
  const api::ResourceInfo& info_;
  ObjectTableOptions options_;
};

}  // namespace clickdeploy::cli

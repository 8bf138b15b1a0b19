#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/parsed_documents_internal.h"

#include <iterator>
#include <string>
#include <utility>

namespace clickdeploy::apiserver {

Json ParsedDocuments::read(const store::Document& document) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(document.key);
    if (found != by_key_.end() && found->second->revision == document.revision) {
      kept_.splice(kept_.begin(), kept_, found->second);
      return found->second->object;
    }
  }
  Json object = read_document(document);
  keep(document, object);
  return object;
}

void ParsedDocuments::add(const store::Document& document, const Json& object) {
  Json stored = object;
  // What was lent for writing would be copied again by each reader: this is a copy that was not.
  Json metadata = stored["metadata"];
  metadata.set("resourceVersion", std::to_string(document.revision));
  stored.set("metadata", std::move(metadata));
  keep(document, std::move(stored));
}

void ParsedDocuments::keep(const store::Document& document, Json object) {
  List dropped;
  List added;
  added.push_back({document.key, document.revision, document.bytes.size(), std::move(object)});
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(document.key);
  if (found != by_key_.end()) {
    if (found->second->revision >= document.revision) return;
    drop(found->second, dropped);
  }
  by_key_.insert_or_assign(document.key, added.begin());
  text_bytes_ += document.bytes.size();
  kept_.splice(kept_.begin(), added);
  while (text_bytes_ > text_bytes_max_) drop(std::prev(kept_.end()), dropped);
}

void ParsedDocuments::forget(const store::Key& key) {
  List dropped;
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) drop(found->second, dropped);
}

void ParsedDocuments::drop(List::iterator kept, List& dropped) {
  by_key_.erase(kept->key);
  text_bytes_ -= kept->text_bytes;
  dropped.splice(dropped.end(), kept_, kept);
}

}  // namespace clickdeploy::apiserver

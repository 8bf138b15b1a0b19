// ParsedDocuments: the objects of the documents that were written or read for a write last, so that
// one that changes often is not parsed at every change.
//
// An object is found by the key and revision of its document: what a dry run imagines has those of
// a stored one, and must not be asked for. Copies share their parts, so an object that is read from
// here costs next to nothing.
// Threads: any.

#pragma once

#include "controller/base/json.h"
#include "controller/store/object_store.h"

#include <cstddef>
#include <list>
#include <map>
#include <mutex>

namespace clickdeploy::apiserver {

class ParsedDocuments {
 public:
  // `text_bytes_max`: of the documents whose objects are kept. An object takes about five times the
  // memory of its text. Those used longest ago go first.
  explicit ParsedDocuments(std::size_t text_bytes_max) : text_bytes_max_(text_bytes_max) {}
  ParsedDocuments(const ParsedDocuments&) = delete;
  ParsedDocuments& operator=(const ParsedDocuments&) = delete;

  // The object of a document that the store holds.
  Json read(const store::Document& document);

  // `object` was written and became `document`: it is that but for the resourceVersion.
  void add(const store::Document& document, const Json& object);

  void forget(const store::Key& key);

 private:
  struct Kept {
    store::Key key;
    store::Revision revision = 0;
    std::size_t text_bytes = 0;
    Json object;
  };
  using List = std::list<Kept>;  // used last comes first

  void keep(const store::Document& document, Json object);
  // Into `dropped`, which is destroyed when nobody waits for it.
  void drop(List::iterator kept, List& dropped);

  const std::size_t text_bytes_max_;
  std::mutex mutex_;
  List kept_;
  std::map<store::Key, List::iterator> by_key_;
  std::size_t text_bytes_ = 0;
};

}  // namespace clickdeploy::apiserver

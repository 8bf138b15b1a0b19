#include "controller/apiserver/builtin_objects_internal.h"
#include "controller/apiserver/continue_token_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/apiserver/verbs_internal.h"

#include <utility>

namespace clickdeploy::apiserver {

Task<Answer<http::Reply>> get_object(const Core& core, Call call) {
  const std::string version = call.request.parameter("resourceVersion");
  if (!version.empty()) {
    Answer<store::Revision> revision = parse_revision(version);
    if (!revision) co_return std::unexpected(revision.error());
    Answer<bool> reached = co_await wait_for_revision(core, *revision);
    if (!reached) co_return std::unexpected(reached.error());
  }
  store::DocumentPtr document = find_document(core, call.target);
  if (document == nullptr) co_return not_found(call.target.object_name());
  co_return reply_document(core, call, 200, std::move(document));
}

namespace {

constexpr std::string_view kTooOldList = "The resourceVersion for the provided list is too old.";
constexpr std::string_view kTooOldPage =
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first "
    "chunk was returned and now may show up in the list.";

struct Page {
  store::Revision revision = 0;
  std::vector<store::DocumentPtr> documents;
  std::string continue_token;
  std::size_t remaining = 0;
};

// Whether the list must show the state at the version that was asked for, no newer one.
bool is_exact(const ListOptions& options) {
  if (options.match == VersionMatch::Exact) return true;
  return options.match == VersionMatch::None && options.limit != 0 &&
         options.resource_version.value_or(0) != 0;
}

Answer<store::ListResult> list_exactly(const Core& core, const Target& target,
                                       store::Revision revision) {
  if (revision > core.store.revision()) {
    return internal_error("etcdserver: mvcc: required revision is a future revision");
  }
  Result<store::ListResult> list = list_documents_at(core, target, revision);
  if (!list) return expired(std::string(kTooOldList));
  return std::move(*list);
}

Answer<store::ListResult> list_rest(const Core& core, const Target& target,
                                    const ContinueToken& token) {
  if (token.revision == 0) {
    return list_documents(core, target);
  }
  Result<store::ListResult> list = list_documents_at(core, target, token.revision);
  if (list) return std::move(*list);
  ContinueToken fresh = token;
  fresh.revision = 0;
  return expired(std::string(kTooOldPage), write_continue_token(fresh));
}

Page make_page(store::ListResult list, const ListOptions& options,
               const std::optional<ContinueToken>& token) {
  Page page;
  page.revision = list.revision;
  std::size_t left = 0;
  for (store::DocumentPtr& document : list.documents) {
    if (token && std::tie(document->key.namespace_name, document->key.name) <=
                     std::tie(token->namespace_name, token->name)) {
      continue;
    }
    if (!options.selection.matches(*document)) continue;
    if (options.limit != 0 && page.documents.size() == options.limit) {
      ++left;
      if (!options.selection.everything()) break;  // that there is more is all we tell
      continue;
    }
    page.documents.push_back(std::move(document));
  }
  if (left == 0) return page;
  const store::Key& last = page.documents.back()->key;
  page.continue_token = write_continue_token({page.revision, last.namespace_name, last.name});
  if (options.selection.everything()) page.remaining = left;
  return page;
}

Json list_metadata(const Page& page) {
  Json metadata = Json::object({{"resourceVersion", std::to_string(page.revision)}});
  if (!page.continue_token.empty()) metadata.set("continue", page.continue_token);
  if (page.remaining > 0) {
    metadata.set("remainingItemCount", static_cast<std::int64_t>(page.remaining));
  }
  return metadata;
}

std::size_t bytes_of(const Page& page) {
  std::size_t bytes = 512;
  for (const store::DocumentPtr& document : page.documents) bytes += document->bytes.size() + 1;
  return bytes;
}

// The list as text, item by item: stored bytes are copied, never parsed, where the form allows it.
std::string write_list(const Core& core, const Call& call, const Page& page) {
  const api::ResourceInfo& info = *call.target.info;
  const Form form = call.format.form;
  Json head;
  if (form == Form::Table) {
    head = table_head(call, true);
  } else if (form == Form::PartialMetadata) {
    head = Json::object({{"kind", "PartialObjectMetadataList"},
                         {"apiVersion", "meta.k8s.io/" + call.format.meta_version}});
  } else {
    head = Json::object({{"kind", info.list_kind}, {"apiVersion", info.api_version()}});
  }
  head.set("metadata", list_metadata(page));
  std::string text;
  text.reserve(bytes_of(page));
  text += to_json(head);  // an assignment would take over the small one's room
  text.pop_back();
  text += form == Form::Table ? ",\"rows\":[" : ",\"items\":[";
  const RowWriter rows(core, call);
  bool first = true;
  for (const store::DocumentPtr& document : page.documents) {
    if (!std::exchange(first, false)) text += ',';
    if (form == Form::Object) {
      append_shown(text, call, document->bytes);
    } else if (form == Form::Table) {
      rows.append(text, document->bytes);
    } else {
      append_partial_metadata(text, call, document->bytes);
    }
  }
  text += "]}";
  return text;
}

// `kubectl cluster-info` looks for core Services with this label, in this namespace, by the name
// that means a kind of ours here. It can read nothing but a list of core Services; that there are
// none is the truth, and then it says where the server is and ends well.
bool seeks_cluster_services(const Call& call) {
  return call.target.info->plural == "services" && call.target.namespace_name == "kube-system" &&
         call.format.form == Form::Object &&
         call.request.parameter("labelSelector") == "kubernetes.io/cluster-service=true";
}

}  // namespace

Task<Answer<http::Reply>> list_objects(const Core& core, Call call, ListOptions options) {
  Answer<bool> good = check_table_options(call);
  if (!good) co_return std::unexpected(good.error());
  const store::Revision asked = options.resource_version.value_or(0);
  const bool exact = is_exact(options);
  std::optional<ContinueToken> token;
  if (!options.continue_token.empty()) {
    Answer<ContinueToken> read = read_continue_token(options.continue_token);
    if (!read) co_return std::unexpected(read.error());
    token = std::move(*read);
  } else if (asked != 0 && !exact) {
    good = co_await wait_for_revision(core, asked);
    if (!good) co_return std::unexpected(good.error());
  }

  Answer<store::ListResult> list;
  if (token) {
    list = list_rest(core, call.target, *token);
  } else if (exact) {
    list = list_exactly(core, call.target, asked);
  } else {
    list = list_documents(core, call.target);
  }
  if (!list) co_return std::unexpected(list.error());
  Page page = make_page(std::move(*list), options, token);
  if (page.documents.empty() && seeks_cluster_services(call)) {
    const Json none = Json::object({{"kind", "ServiceList"},
                                    {"apiVersion", "v1"},
                                    {"metadata", list_metadata(page)},
                                    {"items", Json::array()}});
    co_return reply_json(call, 200, to_json(none));
  }
  co_return reply_json(call, 200, write_list(core, call, page));
}

}  // namespace clickdeploy::apiserver

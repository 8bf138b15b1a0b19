// Glance v2: finding images.

#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace clickdeploy::localcloud {
namespace {

constexpr std::size_t kPageDefault = 25;
constexpr std::size_t kPageMax = 1000;

Json image_view(const Cloud& cloud, const Image& image) {
  Json view = Json::object({{"id", image.id},
                            {"name", image.name},
                            {"status", "active"},
                            {"visibility", "public"},
                            {"protected", false},
                            {"os_hidden", false},
                            {"owner", cloud.state().projects.back().id},
                            {"container_format", "bare"},
                            {"disk_format", "raw"},
                            {"min_disk", 0},
                            {"min_ram", 0},
                            {"size", 1024},
                            {"virtual_size", 1024},
                            {"checksum", sha256_hex(image.id).substr(0, 32)},
                            {"os_hash_algo", "sha512"},
                            {"os_hash_value", sha256_hex(image.id)},
                            {"tags", Json::array()},
                            {"created_at", format_time(image.created)},
                            {"updated_at", format_time(image.created)},
                            {"self", "/v2/images/" + image.id},
                            {"file", "/v2/images/" + image.id + "/file"},
                            {"schema", "/v2/schemas/image"}});
  for (const auto& [key, value] : image.properties) view.set(key, value);
  return view;
}

bool is_control(std::string_view key) {
  return key == "limit" || key == "marker" || key == "sort" || key == "sort_key" ||
         key == "sort_dir" || key == "member_status" || key == "size_min" || key == "size_max" ||
         key == "os_hidden";
}

// Glance's filters: name=x, id=in:a,b, visibility=all, and any property.
bool passes(const Json& image, const Query& query) {
  for (const auto& [key, value] : query) {
    if (is_control(key)) continue;
    if (key == "visibility" && value == "all") continue;
    const std::string& have = image[key].as_string();
    if (value.starts_with("in:")) {
      std::vector<std::string> choices = split(std::string_view(value).substr(3), ',');
      for (std::string& choice : choices) std::erase(choice, '"');
      if (std::ranges::find(choices, have) == choices.end()) return false;
    } else if (have != value) {
      return false;
    }
  }
  return true;
}

Reaction list_images(const Cloud& cloud, const Call& call) {
  Outcome<PageRequest> page = page_request(call, kPageMax);
  if (!page) return std::unexpected(std::move(page).error());
  if (!page->limit_given) page->limit = kPageDefault;
  std::vector<const Image*> images;
  for (const auto& [id, image] : cloud.state().images) images.push_back(&image);
  std::ranges::sort(images, [](const Image* a, const Image* b) {
    return std::tie(a->created, a->id) > std::tie(b->created, b->id);
  });
  auto first = images.begin();
  if (!page->marker.empty()) {
    first = std::ranges::find(images, page->marker, &Image::id);
    if (first == images.end()) return refuse(400, "Invalid marker. Image could not be found.");
    ++first;
  }
  JsonArray items;
  std::string last;
  for (; first != images.end() && items.size() < page->limit; ++first) {
    Json view = image_view(cloud, **first);
    if (!passes(view, call.query)) continue;
    last = (*first)->id;
    items.push_back(std::move(view));
  }
  const bool full = items.size() == page->limit;
  Json body = Json::object(
      {{"images", std::move(items)}, {"schema", "/v2/schemas/images"}, {"first", "/v2/images"}});
  // Glance's links have no host and no prefix of a proxy.
  if (full) body.set("next", "/v2/images?" + query_with_marker(call.query, last));
  return answer(200, std::move(body));
}

}  // namespace

Answer image_versions(const Call& call, int status) {
  return answer(
      status, Json::object(
                  {{"versions",
                    Json::array({Json::object(
                        {{"id", "v2.15"},
                         {"status", "CURRENT"},
                         {"links",
                          Json::array({Json::object(
                              {{"rel", "self"}, {"href", call.base_url + "/image/v2/"}})})}})})}}));
}

Reaction image_call(Cloud& cloud, const Call& call) {
  if (matches(call, "GET", {"images"})) return list_images(cloud, call);
  if (matches(call, "GET", {"images", "*"})) {
    auto image = cloud.state().images.find(call.path[1]);
    if (image == cloud.state().images.end()) {
      return refuse(404, fmt::format("No image found with ID {}", call.path[1]));
    }
    return answer(200, image_view(cloud, image->second));
  }
  if (call.method != "GET") {
    return refuse(403, "You are not authorized to complete this action.");
  }
  return refuse(404, "The resource could not be found.");
}

}  // namespace clickdeploy::localcloud

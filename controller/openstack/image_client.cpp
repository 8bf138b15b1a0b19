#include "controller/base/text.h"
#include "controller/openstack/answers_internal.h"
#include "controller/openstack/clients.h"
#include "controller/openstack/error_mapping_internal.h"
#include "controller/openstack/paging_internal.h"
#include "controller/openstack/words_internal.h"

#include <utility>

namespace clickdeploy::openstack {
Task<Result<std::vector<Image>>> ImageClient::list_images(std::string name) {
  constexpr std::string_view kWhat = "list images";
  ListRequest request{.service = "image",
                      .path = "/images",
                      .query = "limit=500&status=active",
                      .member = "images"};
  // Glance reads "in:a,b" as a list of names; such a name is looked for among all images instead.
  const bool exact = !name.empty() && !name.starts_with("in:");
  if (exact) request.query += "&name=" + escape_query(name);
  Result<std::vector<Json>> items = co_await list_all(session_, std::move(request));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  Result<std::vector<Image>> images = parse_items<Image>(*items, parse_image);
  if (!images) co_return fail_in(kWhat, std::move(images).error());
  std::erase_if(*images, [&](const Image& image) {
    return (!name.empty() && image.name != name) || image.status != "active";
  });
  co_return images;
}

Task<Result<std::optional<Image>>> ImageClient::get_image(std::string id) {
  constexpr std::string_view kWhat = "get image";
  if (!is_plain_id(id))
    co_return fail_in(kWhat, Error(ErrorCode::InvalidArgument, "not an image id"));
  ApiRequest request;
  request.service = "image";
  request.path = "/images/" + escape_path_segment(id);
  request.priority = Priority::Background;
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer && answer.error().code() == ErrorCode::NotFound) co_return std::optional<Image>();
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<Image> image = parse_image(answer->body);
  if (!image) co_return fail_in(kWhat, std::move(image).error());
  if (image->id != id) {
    co_return fail_in(kWhat, Error(ErrorCode::Unavailable, "the answer is about another image"));
  }
  co_return std::optional<Image>(std::move(*image));
}

}  // namespace clickdeploy::openstack

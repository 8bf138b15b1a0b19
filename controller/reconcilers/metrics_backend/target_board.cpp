#include "controller/reconcilers/metrics_backend/target_board.h"

#include "controller/base/planted.h"
#include "controller/base/text.h"
#include "controller/prometheus/target_files.h"

namespace clickdeploy::reconcilers {

namespace {

// The groups in "[\n  …\n]\n".
std::string_view groups_in(std::string_view list) {
  const std::size_t begin = list.find('[');
  const std::size_t end = list.rfind(']');
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  list = list.substr(begin + 1, end - begin - 1);
  while (!list.empty() && list.front() == '\n') list.remove_prefix(1);
  while (!list.empty() && list.back() == '\n') list.remove_suffix(1);
  return list;
}

}  // namespace

bool TargetBoard::put(const api::ObjectKey& backend, prometheus::Files files,
                      const std::map<std::string, std::string>& jobs,
                      const std::set<std::string>& unwritten) {
  Lists& before = backends_[backend];
  Lists now;
  for (auto& [name, text] : files) {
    const auto job = jobs.find(name);
    if (job != jobs.end()) now.jobs[job->second][name] = std::move(text);
  }
  for (const std::string& name : unwritten) {
    const auto job = jobs.find(name);
    if (job == jobs.end()) continue;
    const auto& known = before.jobs[job->second];
    const auto last = known.find(name);
    if (last != known.end()) {
      now.jobs[job->second].insert(*last);
    } else {
      now.unknown.insert(job->second);
    }
  }
  std::erase_if(before.jobs, [](const auto& each) { return each.second.empty(); });
  if (before == now) return false;
  before = std::move(now);
  return true;
}

void TargetBoard::remove(const api::ObjectKey& backend) {
  backends_.erase(backend);
}

Result<std::string> TargetBoard::targets(const api::ObjectKey& backend,
                                         const std::string& job) const {
  const auto lists = backends_.find(backend);
  if (lists == backends_.end() || lists->second.unknown.contains(job)) {
    return fail(ErrorCode::Unavailable,
                "the targets of MetricsBackend " + backend.text() + " are not known yet");
  }
  std::string body = "[";
  const auto files = lists->second.jobs.find(job);
  if (files != lists->second.jobs.end()) {
    for (const auto& [name, text] : files->second) {
      if (text == prometheus::kNoTargets) continue;
      body += body.size() > 1 ? ",\n" : "\n";
      body += groups_in(text);
    }
  }
  if (body.size() == 1 && planted(Bug::ServedWithoutGroup)) return std::string("[]\n");
  return body.size() > 1 ? body + "\n]\n" : std::string(prometheus::kNoTargets);
}

bool carries_token(const std::string* authorization, const std::string& token) {
  constexpr std::string_view kBearer = "Bearer ";
  const bool given = authorization != nullptr && authorization->starts_with(kBearer);
  // Sums are compared, so that no time tells how much of the token was right.
  const std::string shown = sha256_hex(given ? authorization->substr(kBearer.size()) : "");
  const std::string wanted = sha256_hex(token);
  unsigned char different = given && !token.empty() ? 0 : 1;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    different |= static_cast<unsigned char>(shown[i] ^ wanted[i]);
  }
  return different == 0;
}

}  // namespace clickdeploy::reconcilers

#include "controller/localcloud/cloud.h"

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

constexpr std::string_view kLogInRefused = "The request you have made requires authentication.";

}  // namespace

const User* Cloud::find_user(std::string_view id_or_name) const {
  auto found = std::ranges::find_if(state_.users, [id_or_name](const User& user) {
    return user.id == id_or_name || user.name == id_or_name;
  });
  return found == state_.users.end() ? nullptr : &*found;
}

const Project* Cloud::find_project(std::string_view id_or_name) const {
  auto found = std::ranges::find_if(state_.projects, [id_or_name](const Project& project) {
    return project.id == id_or_name || project.name == id_or_name;
  });
  return found == state_.projects.end() ? nullptr : &*found;
}

Token Cloud::make_token(const User& user, std::string project_id) {
  Token token;
  token.id = "gAAAAAB" + random_.hex(64);
  token.audit_id = random_.hex(11);
  token.user_id = user.id;
  token.project_id = std::move(project_id);
  token.issued = now();
  token.expires = token.issued + options_.token_ttl;
  return token;
}

Outcome<Token> Cloud::log_in(std::string_view user_name, std::string_view password,
                             std::string_view project_name) {
  const User* user = find_user(user_name);
  if (user == nullptr || user->password != password) {
    return refuse(401, std::string(kLogInRefused));
  }
  std::string project_id;
  if (!project_name.empty()) {
    const Project* project = find_project(project_name);
    if (project == nullptr || (project->id != user->project_id && !user->admin)) {
      return refuse(401, std::string(kLogInRefused));
    }
    project_id = project->id;
  }
  Token token = make_token(*user, std::move(project_id));
  tokens_.emplace(token.id, token);
  return token;
}

Outcome<Token> Cloud::log_in_with_credential(std::string_view id_or_name, std::string_view user,
                                             std::string_view secret) {
  for (const ApplicationCredential& credential : state_.application_credentials) {
    const User* owner = find_user(credential.user_id);
    const bool by_id = credential.id == id_or_name;
    const bool by_name = credential.name == id_or_name && owner != nullptr &&
                         (owner->id == user || owner->name == user);
    if ((!by_id && !by_name) || credential.secret != secret || owner == nullptr) continue;
    Token token = make_token(*owner, owner->project_id);
    token.application_credential_id = credential.id;
    tokens_.emplace(token.id, token);
    return token;
  }
  return refuse(401, std::string(kLogInRefused));
}

Outcome<Token> Cloud::log_in_with_token(std::string_view token_id, std::string_view project_name) {
  const Token* old = find_token(token_id);
  if (old == nullptr) return refuse(401, std::string(kLogInRefused));
  const User* user = find_user(old->user_id);
  const Project* project = find_project(project_name.empty() ? old->project_id : project_name);
  if (user == nullptr || project == nullptr || (project->id != user->project_id && !user->admin)) {
    return refuse(401, std::string(kLogInRefused));
  }
  Token token = make_token(*user, project->id);
  token.expires = old->expires;  // rescoping does not prolong
  tokens_.emplace(token.id, token);
  return token;
}

const Token* Cloud::find_token(std::string_view id) {
  auto found = tokens_.find(id);
  if (found == tokens_.end()) return nullptr;
  if (found->second.expires <= now()) {
    tokens_.erase(found);
    return nullptr;
  }
  return &found->second;
}

void Cloud::revoke_token(std::string_view id) {
  auto found = tokens_.find(id);
  if (found != tokens_.end()) tokens_.erase(found);
}

}  // namespace clickdeploy::localcloud

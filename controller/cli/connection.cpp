#include "controller/base/text.h"
#include "controller/cli/connection_internal.h"
#include "controller/cli/kubeconfig_internal.h"

namespace clickdeploy::cli {
namespace {

std::vector<std::string> kubeconfig_files(const Environment& environment,
                                          const ConnectionOptions& options) {
  if (!options.kubeconfig.empty()) return {options.kubeconfig};
  std::vector<std::string> files;
  for (const std::string& file : split(environment.variable("KUBECONFIG"), ':')) {
    if (!file.empty()) files.push_back(file);
  }
  const std::string home = environment.variable("HOME");
  if (files.empty() && !home.empty()) files.push_back(home + "/.kube/config");
  return files;
}

std::unexpected<Error> wrong(const KubeconfigEntry& entry, const std::string& what) {
  return fail(ErrorCode::InvalidArgument, entry.file + ": " + what);
}

// "certificate-authority-data" (base64) before "certificate-authority" (a file).
Result<std::string> read_pem(const KubeconfigEntry& entry, const std::string& field) {
  const std::string& data = entry.value[field + "-data"].as_string();
  if (!data.empty()) {
    std::optional<std::string> pem = base64_decode(data);
    if (!pem) return wrong(entry, field + "-data is not base64");
    return *std::move(pem);
  }
  const std::string& file = entry.value[field].as_string();
  return file.empty() ? Result<std::string>("") : read_named_file(entry, file);
}

Result<void> read_cluster(const KubeconfigEntry& cluster, Connection& connection) {
  if (cluster.value["insecure-skip-tls-verify"].as_bool()) {
    return wrong(cluster,
                 "insecure-skip-tls-verify is refused: the server would not be known to be the "
                 "right one. Name its CA in certificate-authority or certificate-authority-data");
  }
  if (connection.server.empty()) connection.server = cluster.value["server"].as_string();
  if (connection.server.empty()) return wrong(cluster, "the cluster names no server");
  Result<std::string> authority = read_pem(cluster, "certificate-authority");
  if (!authority) return std::unexpected(std::move(authority).error());
  connection.tls.ca_pem = *std::move(authority);
  return {};
}

Result<void> read_user(const KubeconfigEntry& user, Connection& connection) {
  for (const char* field : {"exec", "auth-provider", "username"}) {
    if (user.value.contains(field)) {
      return wrong(user, std::string("users with ") + field +
                             " are not supported; use a token or a client certificate");
    }
  }
  std::string token = user.value["token"].as_string();
  const std::string& token_file = user.value["tokenFile"].as_string();
  if (token.empty() && !token_file.empty()) {
    Result<std::string> text = read_named_file(user, token_file);
    if (!text) return std::unexpected(std::move(text).error());
    token = std::string(trim(*text));
  }
  connection.token = SecretString(std::move(token));
  Result<std::string> certificate = read_pem(user, "client-certificate");
  if (!certificate) return std::unexpected(std::move(certificate).error());
  connection.tls.certificate_pem = *std::move(certificate);
  Result<std::string> key = read_pem(user, "client-key");
  if (!key) return std::unexpected(std::move(key).error());
  connection.tls.key_pem = SecretString(*std::move(key));
  if (connection.tls.certificate_pem.empty() != connection.tls.key_pem.empty()) {
    return wrong(user, "client-certificate and client-key belong together; one is missing");
  }
  return {};
}

const KubeconfigEntry* find(const Kubeconfig::Entries& entries, const std::string& name) {
  const auto found = entries.find(name);
  return found == entries.end() ? nullptr : &found->second;
}

Result<void> read_context(const Kubeconfig& config, const std::string& name,
                          Connection& connection) {
  const KubeconfigEntry* context = find(config.contexts, name);
  if (context == nullptr) {
    std::vector<std::string> known;
    for (const auto& [known_name, entry] : config.contexts) known.push_back(known_name);
    return fail(ErrorCode::InvalidArgument,
                "kubeconfig " + join(config.files, ", ") + " has no context \"" + name +
                    "\"; it has: " + (known.empty() ? "none" : join(known, ", ")));
  }
  const std::string& cluster_name = context->value["cluster"].as_string();
  const KubeconfigEntry* cluster = find(config.clusters, cluster_name);
  if (cluster == nullptr) {
    return wrong(*context,
                 "context \"" + name + "\" names the unknown cluster \"" + cluster_name + "\"");
  }
  Result<void> good = read_cluster(*cluster, connection);
  if (!good) return good;
  const std::string& user_name = context->value["user"].as_string();
  const KubeconfigEntry* user = find(config.users, user_name);
  if (user == nullptr && !user_name.empty()) {
    return wrong(*context, "context \"" + name + "\" names the unknown user \"" + user_name + "\"");
  }
  if (user != nullptr) good = read_user(*user, connection);
  const std::string& namespace_name = context->value["namespace"].as_string();
  if (!namespace_name.empty()) connection.namespace_name = namespace_name;
  return good;
}

}  // namespace

Result<Connection> find_connection(const Environment& environment,
                                   const ConnectionOptions& options) {
  Connection connection;
  connection.server = options.server;
  // Another server than the context's must not be given the context's credentials by accident.
  const bool by_flag_alone =
      !options.server.empty() && options.context.empty() && options.kubeconfig.empty();
  if (!by_flag_alone) {
    const std::vector<std::string> files = kubeconfig_files(environment, options);
    Result<Kubeconfig> config = read_kubeconfig(files);
    if (!config) return std::unexpected(std::move(config).error());
    if (!options.kubeconfig.empty() && config->files.empty()) {
      return fail(ErrorCode::InvalidArgument,
                  "there is no kubeconfig " + options.kubeconfig + "; correct --kubeconfig");
    }
    const std::string context = options.context.empty() ? config->current_context : options.context;
    if (!context.empty()) {
      Result<void> read = read_context(*config, context, connection);
      if (!read) return std::unexpected(std::move(read).error());
    }
  }
  if (connection.server.empty()) {
    return fail(ErrorCode::InvalidArgument,
                "no API server is configured. Start one with \"clickdeployd dev\" and set "
                "KUBECONFIG to the path it prints, or name one with --server URL");
  }
  if (!connection.server.starts_with("http://") && !connection.server.starts_with("https://")) {
    return fail(ErrorCode::InvalidArgument, "server \"" + connection.server +
                                                "\" is not a URL; write https://HOST:PORT or "
                                                "http://HOST:PORT");
  }
  while (connection.server.ends_with('/')) connection.server.pop_back();
  // As kubectl does: credentials do not travel in clear.
  if (connection.server.starts_with("http://")) connection.token = SecretString();
  if (!options.namespace_name.empty()) connection.namespace_name = options.namespace_name;
  return connection;
}

}  // namespace clickdeploy::cli

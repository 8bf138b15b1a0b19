#include "controller/prometheus/promql.h"
#include "controller/prometheus/promql_scope.h"
#include "tests/fuzz/fuzz.h"

using namespace clickdeploy;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Result<prometheus::promql::Expression> tree = prometheus::promql::parse_promql(text);
  if (!tree) return 0;
  const std::string printed = prometheus::promql::to_string(*tree);
  const auto again = prometheus::promql::parse_promql(printed);
  // Escapes make a text longer, so that one near the limit may pass it.
  if (!again) {
    fuzz::promise(printed.size() > text.size(), "the text of a tree can be parsed");
    return 0;
  }
  fuzz::promise(*again == *tree, "the text of a tree means the same tree");

  prometheus::Rule rule;
  rule.alert = "A";
  rule.expr = text;
  const prometheus::Scope scope{.policy = "a/b", .service_ids = {"s-1", "s-2"}, .records = {"own"}};
  const Result<prometheus::Rule> scoped = prometheus::scope_rule(rule, scope);
  if (!scoped) return 0;
  auto bound = prometheus::promql::parse_promql(scoped->expr);
  if (!bound) return 0;
  prometheus::promql::for_each_selector(*bound, [](const auto& selector) {
    fuzz::promise(!selector.matchers.empty(), "a selector has a matcher");
    const std::string& label = selector.matchers.back().label;
    fuzz::promise(label == "service_id" || label == prometheus::kPolicyLabel,
                  "a selector is bound to the scope");
  });
  return 0;
}

"""What an API server of Kubernetes checks of a CustomResourceDefinition before it takes it.

problems(definition) lists what is wrong, each with its path. The checks are those of
apiextensions.k8s.io/v1: names, structural schemas, list types, defaults, columns, subresources, and
the worst that the rules in CEL may cost.
"""

import math
import re

FORBIDDEN = {"$ref", "definitions", "dependencies", "deprecated", "discriminator", "id",
             "patternProperties", "readOnly", "writeOnly", "xml", "$schema"}
# Of what stands in allOf, anyOf, oneOf and not: these belong outside.
STRUCTURE_ONLY = {"type", "description", "default", "additionalProperties", "nullable", "title",
                  "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string",
                  "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
                  "x-kubernetes-embedded-resource"}
KNOWN = FORBIDDEN | STRUCTURE_ONLY | {
    "properties", "items", "required", "enum", "pattern", "format", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems",
    "maxItems", "uniqueItems", "minProperties", "maxProperties", "allOf", "anyOf", "oneOf", "not",
    "x-kubernetes-validations", "example", "externalDocs"}
TYPES = {"object", "array", "string", "integer", "number", "boolean"}
SCALARS = {"string", "integer", "number", "boolean"}
FORMATS = {"int32", "int64", "float", "double", "byte", "password", "date", "date-time", "duration",
           "datetime", "uuid", "uuid3", "uuid4", "uuid5", "ipv4", "ipv6", "cidr", "mac", "uri",
           "email", "hostname", "bsonobjectid", "creditcard", "isbn", "isbn10", "isbn13", "ssn",
           "hexcolor", "rgbcolor"}
COLUMN_TYPES = {"integer", "number", "string", "boolean", "date"}
LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
NOT_RE2 = re.compile(r"\(\?[=!]|\(\?<[=!]|\\[1-9]|\(\?>|[*+?}]\+")

REQUEST_BYTES = 3 * 1024 * 1024  # what an object can have at most, where a schema sets no bound
RULE_COST_MAX = 10_000_000
SCHEMA_COST_MAX = 100_000_000


class Checker:
    def __init__(self):
        self.found = []
        self.cost = 0

    def say(self, path, what):
        self.found.append(f"{path}: {what}")

    def require(self, condition, path, what):
        if not condition:
            self.say(path, what)

    # The definition around the schema.

    def definition(self, crd):
        spec = crd["spec"]
        names = spec["names"]
        self.require(crd["apiVersion"] == "apiextensions.k8s.io/v1", "apiVersion", "must be v1")
        self.require(crd["metadata"]["name"] == f"{names['plural']}.{spec['group']}",
                     "metadata.name", "must be plural.group")
        self.require("." in spec["group"] and all(LABEL.fullmatch(part)
                                                  for part in spec["group"].split(".")),
                     "spec.group", "must be a DNS subdomain with a dot")
        self.require(spec["scope"] in ("Namespaced", "Cluster"), "spec.scope", "is unknown")
        for word in [names["plural"], names["singular"], *names.get("shortNames", []),
                     *names.get("categories", [])]:
            self.require(LABEL.fullmatch(word), "spec.names", f"{word} must be a DNS label")
        for word in [names["kind"], names["listKind"]]:
            self.require(LABEL.fullmatch(word.lower()), "spec.names", f"{word} must be a DNS label")
        self.require(names["kind"] != names["listKind"], "spec.names", "kind and listKind are one")
        self.require(not spec.get("preserveUnknownFields"), "spec.preserveUnknownFields",
                     "must be false")
        versions = spec["versions"]
        self.require(sum(version["storage"] for version in versions) == 1, "spec.versions",
                     "exactly one must be stored")
        for version in versions:
            self.version(version, f"spec.versions[{version['name']}]")

    def version(self, version, path):
        self.require(LABEL.fullmatch(version["name"]), path, "the name must be a DNS label")
        schema = version["schema"]["openAPIV3Schema"]
        self.require(schema.get("type") == "object", f"{path}.schema", "the root must be an object")
        self.columns(version.get("additionalPrinterColumns", []), path, schema)
        self.subresources(version.get("subresources", {}), path, schema)
        fields = version.get("selectableFields", [])
        self.require(len(fields) <= 8, f"{path}.selectableFields", "must be at most 8")
        for field in fields:
            chosen = at_path(schema, field["jsonPath"])
            self.require(chosen and chosen.get("type") in ("string", "boolean", "integer"),
                         f"{path}.selectableFields", f"{field['jsonPath']} must be a scalar")
        self.cost = 0
        self.node(schema, f"{path}.schema", Place(root=True))
        self.require(self.cost <= SCHEMA_COST_MAX, f"{path}.schema",
                     f"all rules together may cost {self.cost:.0f}")

    def columns(self, columns, path, schema):
        for column in columns:
            where = f"{path}.additionalPrinterColumns[{column['name']}]"
            self.require(column["type"] in COLUMN_TYPES, where, "the type is unknown")
            self.require(column.get("format", "int32") in {
                "int32", "int64", "float", "double", "byte", "date", "date-time", "password"},
                where, "the format is unknown")
            self.require(column["jsonPath"].startswith("."), where,
                         "the path must begin with a dot")
            plain = re.sub(r"\[\?\(.*?\)\]|\[[0-9*]+\]", "[]", column["jsonPath"])
            self.require(at_path(schema, plain) is not None, where,
                         f"the schema has nothing at {column['jsonPath']}")

    def subresources(self, subresources, path, schema):
        where = f"{path}.subresources"
        self.require(set(subresources) <= {"status", "scale"}, where, "only status and scale")
        if "status" in subresources:
            self.require("status" in schema["properties"], where, "there is no status")
        scale = subresources.get("scale")
        if scale is None:
            return
        for name, roots in [("specReplicasPath", (".spec.",)), ("statusReplicasPath", (".status.",)),
                            ("labelSelectorPath", (".spec.", ".status."))]:
            value = scale.get(name)
            if value is None:
                self.require(name == "labelSelectorPath", where, f"{name} is required")
                continue
            self.require(value.startswith(roots) and "[" not in value, where, f"{name} is no path")
            kind = "string" if name == "labelSelectorPath" else "integer"
            field = at_path(schema, value)
            self.require(field is not None and field.get("type") == kind, where,
                         f"{name} must name a field of type {kind}")

    # One schema, and all below it.

    def node(self, schema, path, place):
        for name in schema:
            self.require(name not in FORBIDDEN, path, f"{name} is forbidden")
            self.require(name in KNOWN, path, f"{name} is unknown")
        int_or_string = schema.get("x-kubernetes-int-or-string")
        preserve = schema.get("x-kubernetes-preserve-unknown-fields")
        kind = schema.get("type")
        if int_or_string:
            self.require(kind is None, path, "int-or-string takes no type")
        elif not preserve or kind is not None:
            self.require(kind in TYPES, path, "a type is required")
        self.require(preserve in (None, True), path, "preserve-unknown-fields is true or absent")
        self.require(not schema.get("uniqueItems"), path, "uniqueItems is forbidden: use a set")
        self.require(not ("properties" in schema and "additionalProperties" in schema), path,
                     "properties and additionalProperties exclude each other")
        self.require(schema.get("additionalProperties") is not False, path,
                     "additionalProperties: false is forbidden")
        if place.root:
            metadata = schema["properties"].get("metadata", {"type": "object"})
            self.require(set(metadata) <= {"type", "description", "properties"}, path,
                         "metadata may be restricted in name and generateName only")
        self.values(schema, path)
        self.lists(schema, path)
        for name in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(name, []):
                self.junctor(branch, schema, f"{path}.{name}", bool(int_or_string))
        if "not" in schema:
            self.junctor(schema["not"], schema, f"{path}.not", False)
        if "default" in schema:
            self.default(schema["default"], schema, f"{path}.default")
        self.rules(schema, path, place)
        self.below(schema, path, place)

    def below(self, schema, path, place):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            self.require(name in properties or "properties" not in schema, path,
                         f"{name} is required, but no property")
        for name, child in properties.items():
            self.node(child, f"{path}.{name}", place.inside())
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            many = schema.get("maxProperties", most(REQUEST_BYTES, smallest(extra) + 4))
            self.node(extra, f"{path}.*", place.inside(many))
        if schema.get("type") == "array":
            items = schema.get("items")
            if not isinstance(items, dict):
                self.say(path, "an array needs one schema for its items")
                return
            many = schema.get("maxItems", most(REQUEST_BYTES, smallest(items) + 1))
            keyed = schema.get("x-kubernetes-list-type") == "map"
            self.node(items, f"{path}[]", place.inside(many, correlatable=keyed))

    def values(self, schema, path):
        if "enum" in schema:
            texts = [repr(value) for value in schema["enum"]]
            self.require(texts and len(set(texts)) == len(texts), path,
                         "an enum has values, each once")
        if "pattern" in schema:
            self.require(not NOT_RE2.search(schema["pattern"]), path, "the pattern is no RE2")
            try:
                re.compile(schema["pattern"])
            except re.error as error:
                self.say(path, f"the pattern is malformed: {error}")
        if "format" in schema:
            self.require(schema["format"] in FORMATS, path, f"the format {schema['format']}")
        for low, high in [("minimum", "maximum"), ("minLength", "maxLength"),
                          ("minItems", "maxItems"), ("minProperties", "maxProperties")]:
            self.require(schema.get(low, -math.inf) <= schema.get(high, math.inf), path,
                         f"{low} is above {high}")

    def lists(self, schema, path):
        kind = schema.get("x-kubernetes-list-type")
        keys = schema.get("x-kubernetes-list-map-keys")
        self.require(kind in (None, "atomic", "set", "map"), path, "the list type is unknown")
        self.require(kind is None or schema.get("type") == "array", path, "only arrays have one")
        self.require((keys is not None) == (kind == "map"), path, "keys are of lists of type map")
        items = schema.get("items", {})
        if kind == "set":
            atomic = items.get("x-kubernetes-list-type") == "atomic" or items.get(
                "x-kubernetes-map-type") == "atomic"
            self.require(items.get("type") in SCALARS or atomic, path,
                         "the items of a set must be scalars or atomic")
            self.require(not items.get("nullable"), path, "the items of a set may not be null")
        if kind == "map":
            self.require(items.get("type") == "object", path, "the items must be objects")
            self.require(keys and len(set(keys)) == len(keys), path, "keys are needed, each once")
            for key in keys or []:
                field = items.get("properties", {}).get(key)
                if field is None or field.get("type") not in SCALARS:
                    self.say(path, f"the key {key} must be a scalar property of the items")
                    continue
                self.require(key in items.get("required", []) or "default" in field, path,
                             f"the key {key} must be required or have a default")
                self.require(not field.get("nullable"), path, f"the key {key} may not be null")
        self.require(schema.get("x-kubernetes-map-type") in (None, "granular", "atomic"), path,
                     "the map type is unknown")

    def junctor(self, branch, schema, path, int_or_string):
        """What stands there may only refer to what stands outside."""
        for name in branch:
            if int_or_string and branch in ({"type": "integer"}, {"type": "string"}):
                continue
            self.require(name not in STRUCTURE_ONLY, path, f"{name} belongs outside")
        for name, child in branch.get("properties", {}).items():
            outside = schema.get("properties", {}).get(name)
            if outside is None:
                self.say(path, f"{name} must be a property outside, too")
                continue
            self.junctor(child, outside, f"{path}.{name}", False)
        if "items" in branch:
            self.junctor(branch["items"], schema.get("items", {}), f"{path}[]", False)
        for name in ("allOf", "anyOf", "oneOf"):
            for inner in branch.get(name, []):
                self.junctor(inner, schema, f"{path}.{name}", False)
        if "not" in branch:
            self.junctor(branch["not"], schema, f"{path}.not", False)

    def default(self, value, schema, path):
        """A default must be valid, and nothing of it may be pruned."""
        kind = schema.get("type")
        if value is None:
            self.require(schema.get("nullable"), path, "is null")
            return
        fits = {"object": dict, "array": list, "string": str, "integer": int,
                "number": (int, float), "boolean": bool}
        if kind in fits:
            good = isinstance(value, fits[kind]) and (kind == "boolean") == isinstance(value, bool)
            self.require(good, path, f"is no {kind}")
            if not good:
                return
        if "enum" in schema:
            self.require(value in schema["enum"], path, "is not among the values of the enum")
        if isinstance(value, str):
            self.require(re.search(schema.get("pattern", ""), value), path, "misses the pattern")
            self.require(schema.get("minLength", 0) <= len(value)
                         <= schema.get("maxLength", math.inf), path, "is too short or too long")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            self.require(schema.get("minimum", -math.inf) <= value
                         <= schema.get("maximum", math.inf), path, "is out of range")
        if isinstance(value, list):
            for item in value:
                self.default(item, schema["items"], f"{path}[]")
        if isinstance(value, dict):
            self.default_members(value, schema, path)

    def default_members(self, value, schema, path):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            self.require(name in value or "default" in properties.get(name, {}), path,
                         f"lacks {name}")
        for name, member in value.items():
            child = properties.get(name, schema.get("additionalProperties"))
            if child is None:
                self.require(schema.get("x-kubernetes-preserve-unknown-fields"), path,
                             f"{name} would be pruned")
                continue
            self.default(member, child, f"{path}.{name}")

    # Rules in CEL.

    def rules(self, schema, path, place):
        for rule in schema.get("x-kubernetes-validations", []):
            text = rule.get("rule", "")
            where = f"{path} ({text[:40]})"
            self.require(text.strip(), where, "a rule is needed")
            message = rule.get("message")
            self.require(message is None or (message.strip() and "\n" not in message.strip()
                                             and len(message) <= 2048), where,
                         "the message must be one line")
            self.require(message or "messageExpression" in rule or "\n" not in text.strip(), where,
                         "a rule of several lines needs a message")
            self.require(rule.get("reason", "FieldValueInvalid") in {
                "FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired",
                "FieldValueDuplicate"}, where, "the reason is unknown")
            if place.root:
                for field in re.findall(r"self\.metadata\.(\w+)", text):
                    self.require(field in ("name", "generateName"), where,
                                 "of metadata only name and generateName can be seen")
            if "oldSelf" in text:
                self.require(place.correlatable, where,
                             "oldSelf needs items that can be told apart")
            cost = rule_cost(text, schema) * place.many
            self.cost += cost
            self.require(cost <= RULE_COST_MAX, where, f"it may cost {cost:.0f}")


class Place:
    """Where a schema stands: how often at most, and whether old values can be found."""

    def __init__(self, many=1, correlatable=True, root=False):
        self.many = many
        self.correlatable = correlatable
        self.root = root

    def inside(self, many=1, correlatable=True):
        return Place(self.many * many, self.correlatable and correlatable)


def at_path(schema, path):
    """The schema at ".spec.list[].field", None if there is none. Metadata is the server's own."""
    if path.startswith(".metadata."):
        return {"type": "string"}
    for part in path.strip(".").split("."):
        name = part.rstrip("[]")
        schema = schema.get("properties", {}).get(name)
        if schema is None:
            return None
        while part.endswith("[]"):
            part = part[:-2]
            schema = schema.get("items", {})
    return schema


def most(room, each):
    return room // max(each, 1)


def smallest(schema):
    """About the fewest bytes that a value takes in JSON."""
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return 2 + sum(len(name) + 4 + smallest(properties.get(name, {}))
                       for name in schema.get("required", []))
    return {"array": 2, "string": 2, "boolean": 4}.get(kind, 1)


def text_bytes(schema):
    """The most bytes of text in a value, as comparing it may have to read."""
    kind = schema.get("type")
    if kind == "string":
        if "enum" in schema:
            return max(len(value) for value in schema["enum"])
        return 4 * schema.get("maxLength", REQUEST_BYTES // 4)
    if kind == "array":
        return schema.get("maxItems", REQUEST_BYTES) * text_bytes(schema.get("items", {}))
    if kind == "object":
        inside = sum(text_bytes(child) for child in schema.get("properties", {}).values())
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            inside += schema.get("maxProperties", REQUEST_BYTES) * text_bytes(extra)
        return inside
    return 8


def rule_cost(text, schema):
    """Above what Kubernetes estimates: each word once, and what is compared is read to its end."""
    words = len(re.findall(r"\w+|[^\w\s]", text))
    values = re.sub(r"(has|size)\([^()]*\)", "", text)
    compared = 0
    for path in re.findall(r"\b(?:self|oldSelf)((?:\.\w+)*)", values):
        chosen = at_path(schema, path) if path else schema
        compared += text_bytes(chosen or {})
    loops = len(re.findall(r"\.(all|exists|exists_one|filter|map)\(", text))
    rounds = most(REQUEST_BYTES, 2) if loops else 1
    return (words + 0.1 * compared) * rounds ** loops


def problems(definition):
    checker = Checker()
    checker.definition(definition)
    return checker.found

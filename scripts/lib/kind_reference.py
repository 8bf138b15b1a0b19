"""Usage: kind_reference.py [--check] [ROOT]

Writes the tables of fields in docs/reference/kinds/*.md from the schemas in crds/*.yaml. A page
holds marks:

    <!-- table: crds/clouds.yaml spec -->
    <!-- end of table -->

and what is between them is replaced; all other text is left alone. With --check nothing is written,
and the exit code is 1 if something would be. Also checked: every schema has a page.
"""

import pathlib
import re
import sys

import yaml

PAGES = "docs/reference/kinds"
MARK = re.compile(r"(<!-- table: (crds/[a-z]+\.yaml) (spec|status|columns) -->\n)(.*?)"
                  r"(<!-- end of table -->)", re.DOTALL)


def text_of(words) -> str:
    return " ".join(str(words).split()).replace("|", "\\|")


def type_of(schema: dict) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    kind = schema.get("type", "object")
    if kind == "array":
        items = schema["items"]
        text = "list" if items.get("type") == "object" else f"list of ({type_of(items)})"
        return text + limits(schema, "minItems", "maxItems", "entries")
    if kind == "object" and "additionalProperties" in schema:
        return "map of strings" + limits(schema, "minProperties", "maxProperties", "entries")
    if "enum" in schema:
        return " \\| ".join(f"`{value}`" for value in schema["enum"])
    if kind in ("integer", "number"):
        return kind + limits(schema, "minimum", "maximum", "")
    if kind == "string" and schema.get("format") == "date-time":
        return "time"
    if kind == "string":
        return kind + limits(schema, None, "maxLength", "characters")
    return kind


def limits(schema: dict, least: str | None, most: str, unit: str) -> str:
    low = schema.get(least) if least else None
    high = schema.get(most)
    unit = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f", {low} to {high}{unit}"
    if high is not None:
        return f", at most {high}{unit}"
    return f", at least {low}{unit}" if low is not None else ""


def is_selector(schema: dict) -> bool:
    return {"matchLabels", "matchExpressions"} <= set(schema.get("properties", {}))


def rows(schema: dict, path: str):
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        here = f"{path}.{name}"
        if here == "status.conditions":
            yield here, "list", "", "[Conditions](../conditions.md), one a type."
            continue
        default = "required" if name in required else ""
        if "default" in field:
            default = f"`{yaml.safe_dump(field['default'], default_flow_style=True).split(chr(10))[0]}`"
        if is_selector(field):
            kind = "[selector](README.md#selectors)"
        else:
            kind = type_of(field)
        yield here, kind, default, text_of(field.get("description", ""))
        if is_selector(field):
            continue
        if field.get("type") == "array":
            yield from rows(field["items"], here + "[]")
        elif "properties" in field:
            yield from rows(field, here)


def field_table(schema: dict, part: str) -> str:
    root = schema["properties"][part]
    if part == "status":
        lines = ["| field | type | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{path}` | {kind} | {text} |" for path, kind, _, text in rows(root, part)]
    else:
        lines = ["| field | type | default | meaning |", "| --- | --- | --- | --- |"]
        lines += [f"| `{path}` | {kind} | {default} | {text} |"
                  for path, kind, default, text in rows(root, part)]
    return "\n".join(lines) + "\n"


def column_table(version: dict) -> str:
    lines = ["| column | shows |", "| --- | --- |"]
    for column in version["additionalPrinterColumns"]:
        wide = " (only with `-o wide`)" if column.get("priority", 0) else ""
        about = column.get("description", f"`{column['jsonPath'].lstrip('.')}`")
        lines.append(f"| {column['name'].upper()} | {text_of(about)}{wide} |")
    return "\n".join(lines) + "\n"


def table_for(root: pathlib.Path, file: str, part: str) -> str:
    version = yaml.safe_load((root / file).read_text(encoding="utf-8"))["spec"]["versions"][0]
    if part == "columns":
        return column_table(version)
    return field_table(version["schema"]["openAPIV3Schema"], part)


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    places = [argument for argument in arguments if not argument.startswith("--")]
    root = pathlib.Path(places[0] if places else ".")
    wrong = []
    named = set()
    for page in sorted((root / PAGES).glob("*.md")):
        text = page.read_text(encoding="utf-8")
        named |= {match[2] for match in MARK.finditer(text)}
        made = MARK.sub(lambda m: m[1] + table_for(root, m[2], m[3]) + m[5], text)
        if made == text:
            continue
        if check:
            wrong.append(f"{PAGES}/{page.name} does not match its schema: run "
                         "python3 scripts/lib/kind_reference.py")
        else:
            page.write_text(made, encoding="utf-8")
    schemas = {f"crds/{path.name}" for path in (root / "crds").glob("*.yaml")}
    wrong += [f"{schema} has no page in {PAGES}" for schema in sorted(schemas - named)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

// The rules in CEL of a definition, run over objects by @bufbuild/cel. Reads from its input
//   {"schema": …, "objects": [{"name", "object", "old"}]}
// and writes {"name": ["path: message", …]}.
//
//   node cel_rules.mjs NODE_MODULES

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const cel = await import(
  pathToFileURL(`${process.argv[2]}/@bufbuild/cel/dist/esm/index.js`).href);
const env = cel.celEnv();

// Whole numbers are int in CEL. Names that are words of CEL are written __for__ in rules.
const WORDS = new Set(['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else',
  'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void',
  'while']);
function value(json) {
  if (typeof json === 'number' && Number.isInteger(json)) return BigInt(json);
  if (Array.isArray(json)) return json.map(value);
  if (json === null || typeof json !== 'object') return json;
  return new Map(Object.entries(json).map(
    ([name, member]) => [WORDS.has(name) ? `__${name}__` : name, value(member)]));
}

// What a server fills in before it runs the rules.
function fillIn(schema, self) {
  if (Array.isArray(self)) self.forEach((item) => fillIn(schema.items ?? {}, item));
  if (self === null || typeof self !== 'object' || Array.isArray(self)) return;
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (self[name] === undefined && child.default !== undefined) {
      self[name] = structuredClone(child.default);
    }
    if (self[name] !== undefined) fillIn(child, self[name]);
  }
}

function check(schema, path, self, old, found) {
  if (self === undefined || self === null) return;
  for (const { rule, message } of schema['x-kubernetes-validations'] ?? []) {
    if (/\boldSelf\b/.test(rule) && old === undefined) continue;
    const result = cel.plan(env, cel.parse(rule))(
      { self: value(self), ...(old === undefined ? {} : { oldSelf: value(old) }) });
    if (result !== true) found.push(`${path}: ${result === false ? message : result}`);
  }
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    check(child, path ? `${path}.${name}` : name, self[name], old?.[name], found);
  }
  if (Array.isArray(self) && schema.items) {
    self.forEach((item, i) => check(schema.items, `${path}[${i}]`, item, undefined, found));
  }
}

const { schema, objects } = JSON.parse(readFileSync(0, 'utf8'));
const results = {};
for (const { name, object, old } of objects) {
  results[name] = [];
  fillIn(schema, object);
  if (old) fillIn(schema, old);
  check(schema, '', object, old ?? undefined, results[name]);
}
console.log(JSON.stringify(results));

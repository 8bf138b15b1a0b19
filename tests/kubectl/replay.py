"""Recorded exchanges with a real API server, sent to ours.

What the real server chose (uids, versions, tokens) is replaced in later requests by what ours chose in
the same place, and times, ages and the like are not compared.
"""

import http.client
import json
import re
import urllib.parse

UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
AGE = re.compile(r"(\d+[smhdy])+|<invalid>")
CHOSEN = {"uid": "uid", "resourceVersion": "version", "continue": "token"}


class Replay:
    """One conversation. `address` is (host, port)."""

    def __init__(self, address):
        self.address = address
        self.ours = {}  # (sort, recorded value) → value of our server
        self.names = {}  # generated ones, recorded → ours

    def send(self, method, url, headers, body):
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        try:
            connection.request(method, url, body, headers)
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()

    def differences(self, exchange):
        """(place, what differs) between the recorded answer and ours."""
        for given in exchange.get("given", []):
            self.bring_about(given["path"], given["object"])
        body = exchange.get("body")
        answer, text = self.send(exchange["method"], self.translated_url(exchange["url"]),
                                 exchange["headers"],
                                 None if body is None else self.translated(body).encode())
        found = []
        if answer.status != exchange["status"]:
            found.append(("status", f"{exchange['status']} recorded, ours {answer.status}: {text}"))
        for name in ("Content-Type", "Warning", "Retry-After"):
            recorded = exchange["answer_headers"].get(name, [])
            ours = answer.headers.get_all(name) or []
            if recorded != ours:
                found.append((name, f"{recorded} recorded, ours {ours}"))
        return found + self.compare(exchange, text)

    def compare(self, exchange, text):
        if "text" in exchange:
            same = exchange["text"].strip() == text.strip()
            return [] if same else [("text", f"{exchange['text']!r} recorded, ours {text!r}")]
        recorded = exchange.get("answers", [exchange.get("answer")])
        try:
            ours = [json.loads(line) for line in text.splitlines()] if "answers" in exchange \
                else [json.loads(text) if text.strip() else None]
        except ValueError:
            return [("text", f"JSON recorded, ours {text!r}")]
        found = []
        if len(recorded) != len(ours):
            found.append(("count", f"{len(recorded)} documents recorded, ours {len(ours)}"))
        for one, other in zip(recorded, ours):
            self.learn(one, other)
            found += compared(shown(one), shown(other))
        return found

    # What differs by nature.

    def learn(self, recorded, ours):
        if isinstance(recorded, dict) and isinstance(ours, dict):
            if "generateName" in recorded and "generateName" in ours:
                self.names[recorded.get("name", "")] = ours.get("name", "")
            for name, value in recorded.items():
                other = ours.get(name)
                if name in CHOSEN and isinstance(value, str) and isinstance(other, str):
                    self.ours[CHOSEN[name], value] = other
                else:
                    self.learn(value, other)
        elif isinstance(recorded, list) and isinstance(ours, list):
            for one, other in zip(recorded, ours):
                self.learn(one, other)

    def of(self, sort, value):
        return self.ours.get((sort, value), value)

    def translated(self, text):
        for recorded, ours in self.names.items():
            text = text.replace(recorded, ours)
        text = UID.sub(lambda found: self.of("uid", found[0]), text)
        return re.sub(r'(resourceVersion(?:\\?": ?\\?"|","value":"))(\d+)',
                      lambda found: found[1] + self.of("version", found[2]), text)

    def translated_url(self, url):
        path, _, query = url.partition("?")
        names = []
        for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
            if name == "resourceVersion":
                value = self.of("version", value)
            elif name == "continue":
                value = self.of("token", value)
            elif name == "timeoutSeconds" and "watch" in url:
                value = "1"
            else:
                value = UID.sub(lambda found: self.of("uid", found[0]), value)
            names.append((name, value))
        return self.translated(path) + ("?" + urllib.parse.urlencode(names) if names else "")

    # What was there, and what the recorder did without recording it.

    def write(self, method, path, body=None, content_type="application/json"):
        answer, text = self.send(method, path, {"Content-Type": content_type, "User-Agent": "given"},
                                 None if body is None else json.dumps(body).encode())
        return answer.status, text

    def remove(self, path):
        self.write("PATCH", path, {"metadata": {"finalizers": None}},
                   "application/merge-patch+json")
        self.write("DELETE", path)

    def remove_all(self, collection):
        _, text = self.write("GET", collection)
        for item in json.loads(text)["items"]:
            self.remove(f"{collection}/{item['metadata']['name']}")

    def bring_about(self, path, wanted):
        """Makes the object what it was, or removes it."""
        self.remove(path)
        if wanted is None:
            return
        body = json.loads(self.translated(json.dumps(wanted)))
        managed = body["metadata"].pop("managedFields", None)
        generation = body["metadata"].pop("generation", 1)
        for name in ("resourceVersion", "uid"):
            body["metadata"].pop(name, None)
        final = body["spec"]
        if generation > 1:
            body["spec"] = {**final, "settings": {"generation": "1"}}
        self.write("POST", path.rsplit("/", 1)[0], body)
        for count in range(2, generation + 1):
            spec = final if count == generation else {
                **final, "settings": {"generation": str(count)}}
            self.write("PATCH", path, [{"op": "replace", "path": "/spec", "value": spec}],
                       "application/json-patch+json")
        if "status" in wanted:
            self.write("PATCH", path + "/status", {"status": wanted["status"]},
                       "application/merge-patch+json")
        if managed:
            self.write("PATCH", path, [{"op": "replace", "path": "/metadata/managedFields",
                                        "value": managed}], "application/json-patch+json")
        self.learn(wanted, json.loads(self.write("GET", path)[1]))


def shown(value, name=""):
    """The value without what no two servers have in common."""
    if isinstance(value, dict):
        members = {member: shown(inside, member) for member, inside in value.items()}
        if "generateName" in members:
            members["name"] = "<name>"
        if name == "managedFields":
            members.pop("time", None)
        return members
    if isinstance(value, list):
        items = [shown(inside, name) for inside in value]
        # Their order is that of their times, which are seconds apart in the recording.
        return sorted(items, key=json.dumps) if name == "managedFields" else items
    if not isinstance(value, str):
        return value
    if name in ("resourceVersion", "continue") and value not in ("", "0"):
        return f"<{name}>"
    if name == "cells" and AGE.fullmatch(value):
        return "<age>"
    value = re.sub(r"current: \d+$", "current: <version>", value)
    return TIME.sub("<time>", UID.sub("<uid>", value))


def compared(recorded, ours, place=""):
    """(place, what differs), for each place; places are like .metadata.labels."""
    if type(recorded) is not type(ours):
        return [(place, f"{json.dumps(recorded)} recorded, ours {json.dumps(ours)}")]
    if isinstance(recorded, dict):
        found = []
        for name in sorted({*recorded, *ours}):
            if name not in ours:
                found.append((f"{place}.{name}", f"{json.dumps(recorded[name])} recorded only"))
            elif name not in recorded:
                found.append((f"{place}.{name}", f"{json.dumps(ours[name])} ours only"))
            else:
                found += compared(recorded[name], ours[name], f"{place}.{name}")
        return found
    if isinstance(recorded, list):
        found = []
        if len(recorded) != len(ours):
            found.append((place, f"{len(recorded)} items recorded, ours {len(ours)}"))
        for i, (one, other) in enumerate(zip(recorded, ours)):
            found += compared(one, other, f"{place}[{i}]")
        return found
    if recorded != ours:
        return [(place, f"{json.dumps(recorded)} recorded, ours {json.dumps(ours)}")]
    return []

"""A history of requests and what watches saw of it, and whether a correct store could have made it.

Every write puts a value of its own into its object, so that whatever is seen can be told apart.
"""

import dataclasses


@dataclasses.dataclass
class Operation:
    kind: str           # create, put, patch, delete, get, list
    key: str            # name of the object; "" for a list
    start: float = 0.0
    end: float = float("inf")
    # ok; refused: clearly not done; unknown: no answer, it may have been done or not
    outcome: str = "unknown"
    value: str = ""     # written, or read
    revision: int = 0   # that the write made, or the read saw; 0: there was no such object
    base: int = 0       # of a put: the revision it replaces
    uid: str = ""       # of a delete: what it is about
    items: dict = dataclasses.field(default_factory=dict)  # of a list: key → (value, revision)


@dataclasses.dataclass(frozen=True)
class Event:
    type: str  # ADDED, MODIFIED, DELETED
    key: str
    revision: int
    value: str
    uid: str


WRITES = ("create", "put", "patch")


def problems(operations, events):
    """What is wrong with the history; `events` are all changes, as one watch saw them."""
    replay = Replay(operations)
    for event in events:
        replay.take(event)
    return replay.found + replay.unseen() + out_of_time(operations, replay) + stale_reads(
        operations, events, replay)


class Replay:
    """The changes one after the other, and whether each may follow the one before."""

    def __init__(self, operations):
        self.found = []
        self.last = 0
        self.state = {}  # key → the Event that made it as it is
        self.written = {one.value: one for one in operations if one.kind in WRITES}
        self.deletes = {}
        for one in operations:
            if one.kind == "delete":
                self.deletes.setdefault(one.uid, []).append(one)
        self.seen = {}     # value → revision
        self.deleted = {}  # uid → revision

    def require(self, condition, event, what):
        if not condition:
            self.found.append(f"{event}: {what}")

    def take(self, event):
        self.require(event.revision > self.last, event, f"comes after revision {self.last}")
        self.last = max(self.last, event.revision)
        before = self.state.get(event.key)
        self.require((before is None) == (event.type == "ADDED"), event,
                     f"but the object was {before}")
        if event.type == "DELETED":
            self.delete(event, before)
        else:
            self.write(event, before)

    def delete(self, event, before):
        self.state.pop(event.key, None)
        self.require(event.uid not in self.deleted, event, "deleted twice")
        self.deleted[event.uid] = event.revision
        self.require(before is None or (before.value, before.uid) == (event.value, event.uid),
                     event, f"is not the last state, {before}")
        asked = [one for one in self.deletes.get(event.uid, []) if one.outcome != "refused"]
        self.require(asked, event, "nobody deleted it")

    def write(self, event, before):
        self.state[event.key] = event
        one = self.written.get(event.value)
        if one is None:
            self.require(False, event, "nobody wrote it")
            return
        self.require(event.value not in self.seen, event, "seen twice")
        self.seen[event.value] = event.revision
        self.require(one.outcome != "refused", event, f"was refused: {one}")
        self.require(one.outcome != "ok" or one.revision == event.revision, event,
                     f"was acknowledged as another revision: {one}")
        self.require(one.key == event.key and (one.kind == "create") == (event.type == "ADDED"),
                     event, f"is another write: {one}")
        self.require(one.kind != "put" or before is None or one.base == before.revision, event,
                     f"replaced what it had not read: {one}")

    def unseen(self):
        lost = [one for one in self.written.values()
                if one.outcome == "ok" and one.value not in self.seen]
        lost += [one for asked in self.deletes.values() for one in asked
                 if one.outcome == "ok" and one.uid not in self.deleted]
        return [f"acknowledged, but never seen: {one}" for one in lost]


def revision_of(one, replay):
    return replay.deleted.get(one.uid, 0) if one.kind == "delete" else one.revision


def out_of_time(operations, replay):
    """A write that was over before another began has the lower revision."""
    done = sorted((one for one in operations
                   if one.outcome == "ok" and one.kind in (*WRITES, "delete")),
                  key=lambda one: revision_of(one, replay))
    found = []
    latest = None
    for one in done:
        if latest is not None and one.end < latest.start:
            found.append(f"was over before one with a lower revision began: {one}; {latest}")
        if latest is None or one.start > latest.start:
            latest = one
    return found


def stale_reads(operations, events, replay):
    """A read sees at least what was acknowledged before it began, and only what was there."""
    found = []
    done = [one for one in operations if one.outcome == "ok" and one.kind in (*WRITES, "delete")]
    for one in operations:
        if one.outcome != "ok" or one.kind not in ("get", "list"):
            continue
        oldest = max((revision_of(write, replay) for write in done
                      if write.end < one.start and one.key in ("", write.key)), default=0)
        if one.kind == "list":
            if one.revision < oldest:
                found.append(f"a list that is older than revision {oldest}: {one}")
            elif one.items != state_at(events, one.revision):
                found.append(f"a list of what was not there: {one}")
        elif one.revision == 0:
            if not was_absent(events, one.key, oldest):
                found.append(f"not found, but it was there since revision {oldest}: {one}")
        elif one.revision < oldest:
            found.append(f"a read that is older than revision {oldest}: {one}")
        elif replay.seen.get(one.value) != one.revision:
            found.append(f"a read of what was not there: {one}")
    return found


def state_at(events, revision):
    state = {}
    for event in events:
        if event.revision > revision:
            break
        if event.type == "DELETED":
            state.pop(event.key, None)
        else:
            state[event.key] = (event.value, event.revision)
    return state


def was_absent(events, key, since):
    """Whether there was no such object at that revision, or at some time after it."""
    absent = True
    for event in events:
        if event.key != key:
            continue
        if event.revision <= since:
            absent = event.type == "DELETED"
        elif event.type == "DELETED":
            return True
    return absent


def watch_problems(start, seen, events):
    """Of a watch from revision `start`: it sees what comes after, each once, none left out."""
    want = [event for event in events if event.revision > start][:len(seen)]
    if seen == want:
        return []
    for got, due in zip(seen, want):
        if got != due:
            return [f"a watch from {start} saw {got}, due was {due}"]
    return [f"a watch from {start} saw more than there was"]

"""How objects of the archive belong together: what one needs as a tree, what refers to it, what is
missing, what assesses it, and the chain of its revisions.

Law: what refers to what is the index's to say; an object itself is read for its name only, and
images are not even read for that. Trees are bounded, and each object unfolds once; what a tree does
not show for that, or because nobody knows it, is told.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from archive import Archive
from archive.references import Relation
from cli import objects
from cli.show import count
from config import catalogue
from iod import labels
from iod.reading.sections import Section, table

STEPS = 8
MOST = 500  # objects of a tree
MOST_REVISIONS = 50
MOST_ASSESSMENTS = 20  # of one object, each of which is read
_ALIKE = 5  # leaves of one class and role that are told one by one
# What belongs to an object's history, or only lists again what it says elsewhere.
_HISTORY = frozenset(("predecessor", "prior treatment", "derived from", "original", "related"))
_ASSESSED, _REVISION = "assessed", "predecessor"


@dataclass(slots=True)
class Node:
    """An object in a tree; `number` objects that are alike may stand for one."""

    relation: Relation
    label: str = ""
    remarks: list[tuple[str, str]] = field(default_factory=list)
    assessments: list[str] = field(default_factory=list)
    below: list[Node] = field(default_factory=list)
    again: bool = False  # it is unfolded elsewhere in the tree
    number: int = 1
    missing: int = 0
    twice: tuple[int, int] = (0, 0)  # of these, in all and missing, as many stand elsewhere, too
    unknown: str = ""  # why not all is shown that it refers to

    def counts(self) -> tuple[int, int]:
        """How many objects are in the tree, and how many of them are missing; each once."""
        all_, missing = (0, 0)
        if not self.again:
            all_, missing = self.number - self.twice[0], self.missing - self.twice[1]
        for each in self.below:
            more, gone = each.counts()
            all_, missing = all_ + more, missing + gone
        return all_, missing

    def unknowns(self) -> Iterator[str]:
        """Why not all is shown, of each object of which that is so."""
        if self.unknown:
            yield self.unknown
        for each in self.below:
            yield from each.unknowns()


class Relations:
    """The relations of an archive, read for people."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._index = archive.index.references

    def tree(self, sop_instance_uid: str) -> Node:
        """What an object refers to, and what that refers to..."""
        stored = self._archive.lookup(sop_instance_uid)
        kind = stored.sop_class_uid if stored else ""
        root = Relation("", kind, sop_instance_uid, stored is not None)
        return self._node(root, set(), STEPS)

    def _node(self, relation: Relation, seen: set[str], steps: int) -> Node:
        uid = relation.sop_instance_uid
        made = Node(relation, again=uid in seen, missing=int(not relation.held))
        full = len(seen) >= MOST
        seen.add(uid)
        if made.again or not relation.held:
            return made
        if full:
            made.unknown = f"beyond the first {MOST} objects of the tree"
            return made
        made.unknown = self._index.unknown(uid)
        if not _is_image(relation.sop_class_uid):
            self._name(made)
        made.assessments = list(self.assessments(uid))
        if steps:
            made.below = list(self._below(uid, seen, steps - 1))
        elif any(True for _ in self._needs(uid)):
            made.unknown = f"beyond {STEPS} steps"
        return made

    def _name(self, made: Node) -> None:
        stored = self._archive.lookup(made.relation.sop_instance_uid)
        if stored is not None:
            dataset = objects.read(stored)
            made.label, made.remarks = labels.label(dataset), labels.remarks(dataset)

    def _below(self, uid: str, seen: set[str], steps: int) -> Iterator[Node]:
        groups = dict[tuple[str, str], list[Relation]]()
        for each in self._needs(uid):
            groups.setdefault((each.role, each.sop_class_uid), []).append(each)
        for some in groups.values():
            if len(some) > _ALIKE and _is_image(some[0].sop_class_uid):
                yield _alike(some, seen)
            else:
                yield from (self._node(each, seen, steps) for each in some)

    def _needs(self, uid: str) -> Iterator[Relation]:
        """What an object refers to that is no history."""
        for each in self._index.of(uid):
            if each.role not in _HISTORY and each.sop_instance_uid != uid:
                yield each

    def assessments(self, uid: str) -> Iterator[str]:
        """What content assessments say of an object, the newest last."""
        said = [each for each in self._index.to(uid) if each.role == _ASSESSED]
        if len(said) > MOST_ASSESSMENTS:
            yield f"{len(said) - MOST_ASSESSMENTS} earlier ones are not shown"
        for each in said[-MOST_ASSESSMENTS:]:
            stored = self._archive.lookup(each.sop_instance_uid)
            if stored is not None:
                yield labels.verdict(objects.read(stored))

    def revisions(self, uid: str) -> list[tuple[int, Relation]]:
        """All revisions of an object, itself among them, with their generations from 1 on.

        Several of one generation are branches. Of more than MOST_REVISIONS those nearest to it.
        """
        stored = self._archive.lookup(uid)
        kind = stored.sop_class_uid if stored else ""
        known = {uid: Relation("", kind, uid, stored is not None)}
        steps, queue = set[tuple[str, str]](), deque([uid])
        while queue:
            here = queue.popleft()
            for before, after, other in self._beside(known[here]):
                if other.sop_instance_uid not in known and len(known) < MOST_REVISIONS:
                    known[other.sop_instance_uid] = other
                    queue.append(other.sop_instance_uid)
                if other.sop_instance_uid in known:
                    steps.add((before, after))
        place = _generations(known, steps)
        first = min(place.values())
        found = sorted((place[each] - first + 1, each) for each in known)
        return [(number, known[each]) for number, each in found]

    def _beside(self, one: Relation) -> Iterator[tuple[str, str, Relation]]:
        """The revisions next to one: which is before, which after, and the one that is not it."""
        uid = one.sop_instance_uid
        for each in self._index.of(uid):
            if _revises(one, each):
                yield each.sop_instance_uid, uid, each
        for each in self._index.to(uid):
            if _revises(one, each):
                yield uid, each.sop_instance_uid, each

    def sections(self, uid: str) -> Iterator[Section]:
        """For `anode show`: what it refers to, what refers to it, what is said of it."""
        of, to = self._index.of(uid), self._index.to(uid)
        why = self._index.unknown(uid)
        if of or why:
            there = [(each.role, *_who(each), "" if each.held else "missing") for each in of]
            listed = _listed("Refers to", ["As", "What", "SOP Instance UID", "Here"], there)
            yield replace(listed, facts=(("Not all is known", why),)) if why else listed
        if to:
            here = [(each.role, *_who(each)) for each in to]
            yield _listed("Referred to by", ["As", "What", "SOP Instance UID"], here)
        if said := list(self.assessments(uid)):
            yield Section("Assessments", tuple(("Assessed", each) for each in said))
        chain = self.revisions(uid)
        if len(chain) > 1:
            alike = Counter(number for number, _ in chain)
            rows = [
                (str(number), each.sop_instance_uid, _place(each, uid, alike[number]))
                for number, each in chain
            ]
            yield _listed("Revisions", ["No.", "SOP Instance UID", "Which"], rows)


def _alike(some: Sequence[Relation], seen: set[str]) -> Node:
    """One node for all of these, of which some may be in the tree already."""
    before = [each for each in some if each.sop_instance_uid in seen]
    seen.update(each.sop_instance_uid for each in some)
    return Node(
        some[0],
        again=len(before) == len(some),
        number=len(some),
        missing=_missing(some),
        twice=(len(before), _missing(before)),
    )


def _missing(some: Sequence[Relation]) -> int:
    return sum(not each.held for each in some)


def _listed(heading: str, headings: list[str], rows: Collection[tuple[str, ...]]) -> Section:
    return table(heading, headings, list(rows)[:MOST], max(0, len(rows) - MOST))


def _generations(known: Collection[str], steps: Collection[tuple[str, str]]) -> dict[str, int]:
    """One more than that of the last one before it; circles end."""
    number = dict.fromkeys(known, 1)
    for _ in known:
        late = [(a, b) for a, b in sorted(steps) if number[b] <= number[a] < len(number)]
        if not late:
            break
        for before, after in late:
            number[after] = max(number[after], number[before] + 1)
    return number


def _who(each: Relation) -> tuple[str, str]:
    return class_name(each.sop_class_uid), each.sop_instance_uid


def _place(each: Relation, uid: str, alike: int) -> str:
    said = "this one" if each.sop_instance_uid == uid else "" if each.held else "missing"
    beside = f"one of {alike} with this number" if alike > 1 else ""
    return ", ".join(filter(None, (said, beside)))


def _revises(one: Relation, other: Relation) -> bool:
    """Whether one is a revision of the other: a protocol performed is none of the one defined."""
    kinds = [catalogue.STORAGE.get(each.sop_class_uid) for each in (one, other)]
    reports = all(kind is not None and kind.group == "report" for kind in kinds)
    return other.role == _REVISION and (reports or one.sop_class_uid == other.sop_class_uid)


def referring(archive: Archive, uid: str) -> str:
    """What refers to an object that is not there, as the end of a sentence."""
    found = archive.index.references.to(uid)
    if not found:
        return ""
    others = len({each.sop_instance_uid for each in found}) - 1
    beside = f" and {count(others, 'other')}" if others else ""
    refer = "refer" if others else "refers"
    return f", to which {' '.join(_who(found[0]))}{beside} {refer} as {found[0].role}"


def class_name(sop_class_uid: str) -> str:
    """What a SOP class is called, shortly."""
    return catalogue.name_of(sop_class_uid).removesuffix(" Storage") if sop_class_uid else ""


def _is_image(sop_class_uid: str) -> bool:
    known = catalogue.STORAGE.get(sop_class_uid)
    return known is not None and known.group == "image"

"""One walk over a data set as its bytes arrive: is it whole, and what does its head say?

Law: the walk is incremental (any split of the input gives the same answer), keeps only what is
wanted, passes over values by their length without touching them, and uses a stack of its own,
never Python's. Data element structure PS3.5 7.1, sequences 7.5, encapsulated pixel data A.4,
UN of undefined length 6.2.2. Knows no file, no UID, no pydicom `Dataset`.

A data set that breaks the standard's structure is *odd*: the walk stops, says why in `odd`, and
leaves the reading to `heads.reread`. One that merely ends too early is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from archive import encodings
from archive.bounds import Bounds
from archive.encodings import LONG, SHORT, UNDEFINED
from archive.errors import BadObject
from archive.heads import Head
from archive.kept import Data, Kept

# What the walk is inside of: elements of a data set, items of a sequence or of pixel data.
EXPLICIT, IMPLICIT, ITEMS, FRAGMENTS = range(4)
LONGEST_HEADER = 12
NOWHERE: Final = 1 << 62  # the end of whatever ends by a delimiter
NOTHING: Mapping[int, int] = {}


class Scanner:
    """Feed it the fragments of one data set, then `finish`."""

    __slots__ = (
        "_base", "_bounds", "_carry", "_content", "_end", "_fresh", "_kept", "_kind", "_left",
        "_order", "_room", "_stack", "_starved", "_syntax", "_wanted", "odd",
    )  # fmt: skip

    def __init__(self, transfer_syntax_uid: str, wanted: frozenset[int], bounds: Bounds) -> None:
        big = transfer_syntax_uid == encodings.BIG_ENDIAN
        self._order = order = encodings.BIG if big else encodings.LITTLE
        self._syntax = transfer_syntax_uid
        self._bounds = bounds
        self._wanted = order.spelled(wanted)
        self._kept = Kept(bounds.value_bytes)
        implicit = transfer_syntax_uid in encodings.IMPLICIT
        self._kind = self._content = IMPLICIT if implicit else EXPLICIT
        self._end = NOWHERE  # absolute, of the innermost container
        self._stack: list[tuple[int, int, int]] = []  # the containers around it
        self._base = self._left = 0  # absolute: what was walked; bytes lacking of this value
        self._carry = b""  # the torn header at the end of the last fragment
        self._room = bounds.elements
        self._starved = False  # the walk needs more bytes to read a header
        self._fresh = True  # an implicit data set has just begun
        self.odd = ""

    deflated = False

    def feed(self, data: Data) -> None:
        """Walk on over the next bytes. Raises BadObject when a bound is passed."""
        view = memoryview(data)
        if self._carry:
            joint = self._carry + bytes(view[: LONGEST_HEADER - len(self._carry)])
            walked = self._walk(joint)
            if walked == 0:
                self._carry = joint
                return
            view = view[walked - len(self._carry) :]
        self._carry = bytes(view[self._walk(view) :])

    def finish(self) -> Head:
        """The head of a data set that ended exactly where its last element does."""
        while self._stack and self._end == self._base:
            self._leave()
        if self._carry or self._left or self._stack:
            inside = "a value" if self._left else "a sequence" if self._stack else "an element"
            end = self._base + len(self._carry)
            raise BadObject(f"the data set is truncated: it ends inside {inside} at byte {end}")
        return self.so_far()

    def has(self, *tags: int) -> bool:
        """Whether these values have been seen already, whole."""
        return not self._left and all(tag in self._kept.values for tag in tags)

    def so_far(self) -> Head:
        """The head as far as it has been seen."""
        return Head(self._kept.values, self._syntax, self._order.little)

    # The walk. Positions inside these methods are relative to `data`; a step returns where the
    # next header begins, which may lie beyond `data` when a value has yet to arrive.

    def _walk(self, data: Data) -> int:
        at = self._resume(data) if self._left else 0
        size = len(data)
        self._starved = bool(self.odd)
        while at < size and not self._starved:
            at = _STEPS[self._kind](self, data, at)
            if self._kept.sequence and not self._stack:
                self._kept.take(data, self._base, min(at, size))
                self._kept.sequence = 0
        if self.odd:
            return size
        if at > size:
            self._left, at = at - size, size
        if self._kept.sequence:
            self._kept.take(data, self._base, at)
        self._base += at
        return at

    def _resume(self, data: Data) -> int:
        taken = min(self._left, len(data))
        self._kept.resume(data, taken)
        self._left -= taken
        return taken

    def _explicit(self, data: Data, at: int) -> int:
        """Elements of an explicit VR data set: the loop most objects spend their time in."""
        size, end = len(data), self._end - self._base
        stop = min(end, size - 7)
        unpack, length_of = self._order.explicit, self._order.length
        wanted = NOTHING if self._stack else self._wanted
        values, bound = self._kept.values, self._bounds.value_bytes
        for count in range(self._room + 1):  # noqa: B007
            if at >= stop:
                break
            tag, vr, length = unpack(data, at)
            if vr in SHORT:
                value = at + 8
            elif vr in LONG and at + 12 <= size:
                (length,) = length_of(data, at + 8)
                if length == UNDEFINED or (vr == b"SQ" and length):
                    break
                value = at + 12
            else:
                break
            at = value + length
            if tag in wanted:
                if at <= size and length <= bound:
                    values[wanted[tag]] = bytes(data[value:at])
                else:
                    self._kept.value(wanted[tag], data, value, length)
        else:
            raise self._crowded()
        self._room -= count
        return self._pause(at, size, end) if at >= stop else self._explicit_turn(data, at)

    def _explicit_turn(self, data: Data, at: int) -> int:
        """What ends the plain run: a sequence, a delimiter, half a header, or an oddity."""
        tag, vr, _ = self._order.explicit(data, at)
        if tag == self._order.item_end and self._end == NOWHERE and self._stack:
            self._leave()
            return at + 8
        if vr not in LONG:
            return self._strange(f"{self._name(tag)} has no VR of the standard", at)
        if at + LONGEST_HEADER > len(data):
            self._starved = True
            return at
        (length,) = self._order.length(data, at + 8)
        if length == UNDEFINED and vr not in encodings.OPEN_ENDED:
            return self._strange(f"{self._name(tag)} may not have undefined length", at)
        if vr in (b"SQ", b"UN"):
            self._want(tag, at + 12)
        if vr == b"SQ":
            return self._open(ITEMS, EXPLICIT, length, at + 12)
        if vr == b"UN":
            # PS3.5 6.2.2 note 2: the value is then a sequence in Implicit VR Little Endian.
            if not self._order.little:
                return self._strange(f"{self._name(tag)} mixes byte orders", at)
            return self._open(ITEMS, IMPLICIT, length, at + 12)
        return self._open(FRAGMENTS, EXPLICIT, length, at + 12)

    def _implicit(self, data: Data, at: int) -> int:
        """Elements of an implicit VR data set; only the dictionary tells its sequences."""
        size, end = len(data), self._end - self._base
        stop = min(end, size - 7)
        unpack, special = self._order.implicit, self._order.special
        wanted = NOTHING if self._stack else self._wanted
        if self._fresh and at < stop:
            self._fresh = False
            vr = bytes(data[at + 4 : at + 6])
            if vr in SHORT or vr in LONG:
                return self._strange("explicit VRs stand in an implicit VR data set", at)
        for count in range(self._room + 1):  # noqa: B007
            if at >= stop:
                break
            tag, length = unpack(data, at)
            if tag in special or length == UNDEFINED:
                break
            if tag in wanted:
                self._kept.value(wanted[tag], data, at + 8, length)
            at += 8 + length
        else:
            raise self._crowded()
        self._room -= count
        return self._pause(at, size, end) if at >= stop else self._implicit_turn(data, at)

    def _implicit_turn(self, data: Data, at: int) -> int:
        order = self._order
        tag, length = order.implicit(data, at)
        if tag == order.item_end and self._end == NOWHERE and self._stack:
            self._leave()
            return at + 8
        if tag in (order.item, order.item_end, order.sequence_end):
            return self._strange(f"{self._name(tag)} stands outside of a sequence", at)
        self._want(tag, at + 8)
        return self._open(FRAGMENTS if tag == order.pixel_data else ITEMS, IMPLICIT, length, at + 8)

    def _items(self, data: Data, at: int) -> int:
        """Items of a sequence up to the first that has content, PS3.5 7.5."""
        size, order = len(data), self._order
        stop = min(self._end - self._base, size - 7)
        while at < stop:
            tag, length = order.implicit(data, at)
            at += 8
            if tag == order.sequence_end and self._end == NOWHERE:
                self._leave()
                return at
            if tag != order.item:
                return self._strange(f"{self._name(tag)} stands where an item must", at)
            self._count_one()
            if length:
                self._fresh = True
                return self._enter(self._content, self._content, length, at)
        return self._pause(at, size, self._end - self._base)

    def _fragments(self, data: Data, at: int) -> int:
        """Fragments of encapsulated pixel data, PS3.5 A.4: items without elements."""
        size, order = len(data), self._order
        while at < size - 7:
            tag, length = order.implicit(data, at)
            at += 8
            if tag == order.sequence_end:
                self._leave()
                return at
            if tag != order.item or length == UNDEFINED:
                return self._strange(f"{self._name(tag)} stands where a fragment must", at)
            self._count_one()
            at += length
        return self._pause(at, size, NOWHERE)

    # Into a container, out of it, and why not.

    def _want(self, tag: int, start: int) -> None:
        if not self._stack and tag in self._wanted:
            self._kept.begin(self._wanted[tag], self._base + start)

    def _open(self, kind: int, content: int, length: int, start: int) -> int:
        """Begin a sequence, unless it is empty or one too deep."""
        self._count_one()
        if not length:
            return start
        if len(self._stack) // 2 >= self._bounds.nesting:
            raise BadObject(f"sequences are nested deeper than {self._bounds.nesting} levels")
        return self._enter(kind, content, length, start)

    def _enter(self, kind: int, content: int, length: int, start: int) -> int:
        end = NOWHERE if length == UNDEFINED else self._base + start + length
        if self._end < end < NOWHERE:
            return self._strange("a length reaches beyond the sequence around it", start)
        self._stack.append((self._kind, self._content, self._end))
        self._kind, self._content, self._end = kind, content, end
        return start

    def _leave(self) -> None:
        self._kind, self._content, self._end = self._stack.pop()
        self._fresh = False

    def _pause(self, at: int, size: int, end: int) -> int:
        if at > end:
            return self._strange("a length reaches beyond the item or sequence around it", at)
        if at == end:
            self._leave()
        elif at < size:
            self._starved = True
        return at

    def _strange(self, why: str, at: int) -> int:
        self.odd = f"{why} (byte {self._base + at})"
        self._starved = True
        return at

    def _count_one(self) -> None:
        self._room -= 1
        if self._room < 0:
            raise self._crowded()

    def _crowded(self) -> BadObject:
        return BadObject(f"the data set has more than {self._bounds.elements} data elements")

    def _name(self, spelled: int) -> str:
        tag = self._order.spell(spelled)
        return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


_STEPS: tuple[Callable[[Scanner, Data, int], int], ...] = (
    Scanner._explicit,
    Scanner._implicit,
    Scanner._items,
    Scanner._fragments,
)

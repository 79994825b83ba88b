"""Damaged variants of every sample: whatever reads objects tells or refuses them, and never fails.

The damage is drawn by the sample's name, so that the same is done each time.
"""

import json
import random
import re
import struct
import warnings
from contextlib import suppress
from io import BytesIO

import pytest
from pydicom import dcmread

from archive import filemeta
from iod import labels, protocols
from iod.checks import Known, Slice, check_in
from iod.errors import Unwrapped
from iod.reading import documents, html
from iod.reading.description import described
from iod.samples import FAMILIES
from iod.wrapping.unwrapping import TAGS, take

SHORT = b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
TEXTS = b"AE CS DA DS DT IS LO LT PN SH ST TM UI".split()
HEADER = re.compile(rb"(?s)..(?:" + b"|".join(SHORT) + rb")..")  # element, VR, length
HOSTILE = (
    *(b"\x1b[2J\x1b]0;x\x07", b"1.2\0.3", b"inf\\nan", b"-1e999\\9", b"\xff\xfe\x80\\\xe4"),
    *(b"</bdi><script>", b"\xe2\x80\xaegnp", b"..\\..\\x", b"99999999999999999999"),
)


def another_vr(dice, data, at):
    """An element that says it is of another VR, or of none."""
    data[at + 2 : at + 4] = dice.choice([*SHORT, b"Un"])


def another_value(dice, data, at):
    """A text that holds what nobody writes."""
    length = min(*struct.unpack_from("<H", data, at + 4), len(data) - at - 6)
    if bytes(data[at + 2 : at + 4]) in TEXTS:
        data[at + 6 : at + 6 + length] = (dice.choice(HOSTILE) * length)[:length]


def another_length(dice, data, at):
    """An element that is longer or shorter than it says."""
    struct.pack_into("<H", data, at + 4, dice.choice([0, 2, 7, 0xFFFE, 0xFFFF]))


def damaged(path, harm):
    """The file with one, three and nine elements damaged so."""
    whole, dice = path.read_bytes(), random.Random(f"{path.name} {harm.__name__}")
    start = 340  # behind the meta information
    places = [found.start() for found in HEADER.finditer(whole, start)]
    for number in (1, 3, 9):
        data = bytearray(whole)
        for at in dice.choices(places, k=number):
            harm(dice, data, at)
        yield bytes(data)


def read(data, **how):
    """The object, or nothing where pydicom gives it up, which commands tell."""
    with suppress(Exception):
        return dcmread(BytesIO(data), **how)


def tell(data):
    """All that is told of an object, at once."""
    dataset = read(data, stop_before_pixels=True)
    if dataset is None:
        return
    said = described(dataset)
    json.dumps(documents.document(said), allow_nan=False)
    page = html.page([said])
    assert not re.search(r"<script|[\x00-\x08\x0b-\x1f\x7f]|\u202e", page)
    labels.label(dataset), labels.remarks(dataset), labels.verdict(dataset)
    protocols.protocol(dataset), protocols.subjects(dataset), protocols.assertions(dataset)
    if (wrapped := read(data, specific_tags=list(TAGS))) is not None:
        with suppress(Unwrapped):
            take(wrapped)


@pytest.mark.parametrize("family", [each.name for each in FAMILIES])
@pytest.mark.parametrize("harm", [another_vr, another_value, another_length])
def test_no_damage_to_a_sample_fails_a_check_or_a_reader(samples, family, harm):
    known = (None, Known(lambda _: "1.2.3", complete=True))
    for path in sorted((samples / family).glob("*.dcm")):
        with path.open("rb") as file:
            meta = filemeta.read(file)
        for data in damaged(path, harm):
            said = Slice(meta.sop_class_uid, meta.transfer_syntax_uid, meta.offset,
                         len(data) - meta.offset)  # fmt: skip
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for whole in known:
                    found = check_in(BytesIO(data), said, whole)
                    assert "check.failed" not in {each.rule for each in found}
                    assert all(str(each).isascii() and str(each).isprintable() for each in found)
                tell(data)


@pytest.mark.parametrize("harm", [another_vr, another_value, another_length])
def test_most_of_the_damage_is_seen(samples, harm):
    """Else what is tried above is nothing."""
    seen = tried = 0
    for path in sorted((samples / "ct-protocols").glob("*.dcm")):
        with path.open("rb") as file:
            meta = filemeta.read(file)
        for data in damaged(path, harm):
            said = Slice(meta.sop_class_uid, meta.transfer_syntax_uid, meta.offset,
                         len(data) - meta.offset)  # fmt: skip
            tried += 1
            seen += bool(check_in(BytesIO(data), said))
    assert seen > 0.7 * tried

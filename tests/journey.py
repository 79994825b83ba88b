"""The way of the samples through nodes, as a table: a row for each SOP class, all of it measured.

with travelled(samples, folder) as measured: ...
python -m tests.journey        print the table of docs/samples.md anew
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR

from config import catalogue
from iod.checks import Known, check, errors
from iod.references import references
from iod.samples import make
from scp.node import Node
from scu import find, instances
from scu.associate import associate
from scu.instances import FileInstance
from tests.clients import CALLER, SYNTAXES, get, move
from tests.nodes import node, peer, port, target
from tests.peers import tool

# The key by which people look for objects of a class.
_STATES = tuple(f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in (6, 7, 8, 9, 10, 11))
_DOCUMENTS = tuple(f"1.2.840.10008.5.1.4.1.1.104.{number}" for number in (1, 2, 3, 4, 5))
_REPORTS = tuple(
    f"1.2.840.10008.5.1.4.1.1.88.{number}"
    for number in (11, 22, 33, 34, 35, 67, 71, 72, 73, 74, 75, 76)
)
_RECORDINGS = ("77.1.1.1", "77.1.2.1", "77.1.4.1")
_VIDEOS = tuple(f"1.2.840.10008.5.1.4.1.1.{each}" for each in ("3.1", *_RECORDINGS))
_EYES = tuple(f"1.2.840.10008.5.1.4.1.1.77.1.5.{number}" for number in (1, 4, 5, 6, 7))
KEYS = {
    **dict.fromkeys(_VIDEOS, "AvailableTransferSyntaxUID"),
    **dict.fromkeys(_EYES, "ImageLaterality"),
    **dict.fromkeys(_STATES, "ContentLabel"),
    **dict.fromkeys(_DOCUMENTS, "DocumentTitle"),
    **dict.fromkeys(_REPORTS, "ConceptNameCodeSequence"),
    "1.2.840.10008.5.1.4.1.1.2": "ImageType",
    "1.2.840.10008.5.1.4.1.1.2.1": "ImageType",
    "1.2.840.10008.5.1.4.1.1.2.2": "ReferencedSOPSequence",
    "1.2.840.10008.5.1.4.1.1.4": "SeriesDescription",
    "1.2.840.10008.5.1.4.1.1.7.4": "ImageType",
    "1.2.840.10008.5.1.4.1.1.13.1.1": "ImageType",
    "1.2.840.10008.5.1.4.1.1.30": "ContentLabel",
    "1.2.840.10008.5.1.4.1.1.66.4": "ContentLabel",
    "1.2.840.10008.5.1.4.1.1.66.6": "ContentLabel",
    "1.2.840.10008.5.1.4.1.1.66.7": "ContentLabel",
    "1.2.840.10008.5.1.4.1.1.77.1.5.8": "ReferencedSOPSequence",
    "1.2.840.10008.5.1.4.1.1.481.3": "Modality",
    "1.2.840.10008.5.1.4.1.1.481.5": "Modality",
    "1.2.840.10008.5.1.4.34.10": "ReferencedSOPSequence",
    "1.2.840.10008.5.1.4.1.1.481.10": "UserContentLongLabel",
    "1.2.840.10008.5.1.4.1.1.481.11": "UserContentLongLabel",
    "1.2.840.10008.5.1.4.1.1.481.12": "RTRadiationSetIntent",
    "1.2.840.10008.5.1.4.1.1.481.13": "UserContentLabel",
    "1.2.840.10008.5.1.4.1.1.90.1": "AssessmentSummary",
    "1.2.840.10008.5.1.4.1.1.200.1": "ProtocolName",
    "1.2.840.10008.5.1.4.1.1.200.2": "ProtocolName",
    "1.2.840.10008.5.1.4.1.1.200.7": "ProtocolName",
    "1.2.840.10008.5.1.4.1.1.200.8": "ProtocolName",
    "1.2.840.10008.5.1.4.1.1.200.3": "ApprovalSubjectSequence",
    "1.2.840.10008.5.1.4.38.1": "HangingProtocolName",
    "1.2.840.10008.5.1.4.39.1": "ContentLabel",
    "1.2.840.10008.5.1.4.43.1": "ImplantName",
    "1.2.840.10008.5.1.4.44.1": "ImplantAssemblyTemplateName",
    "1.2.840.10008.5.1.4.45.1": "ImplantTemplateGroupName",
    "1.2.840.10008.5.1.4.1.1.201.1": "InventoryLevel",
}
# What an item is asked by, where the key is a sequence.
_INSIDE = dict.fromkeys(
    ("ApprovalSubjectSequence", "ReferencedSOPSequence"), ("ReferencedSOPInstanceUID",)
)
_CODE = ("CodeValue", "CodingSchemeDesignator")
HEADING = (
    "| SOP class | samples | `anode validate` | found by | C-FIND | C-MOVE | C-GET |\n"
    "|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Sample:
    """An instance, its head, and the bytes of its data set."""

    held: FileInstance
    head: Dataset
    data: bytes

    @property
    def uid(self) -> str:
        return self.held.sop_instance_uid


@dataclass(frozen=True)
class Row:
    """What was measured of a SOP class: of how many samples each went well."""

    sop_class_uid: str
    key: str
    of: int
    valid: int
    found: int
    moved: int
    got: int

    def __str__(self) -> str:
        name = catalogue.name_of(self.sop_class_uid).removesuffix(" Storage")
        cells = (
            name,
            self.of,
            f"{self.valid} without error",
            f"`{self.key}`",
            f"{self.found} found",
            f"{self.moved} same bytes",
            f"{self.got} same bytes",
        )
        return f"| {' | '.join(map(str, cells))} |\n"

    @property
    def whole(self) -> bool:
        return {self.valid, self.found, self.moved, self.got} == {self.of}


def read(path: Path) -> Sample:
    held = instances.read(path)
    head = dcmread(path, stop_before_pixels=True)
    return Sample(held, head, path.read_bytes()[held.offset :])


def rows(samples: Path, first: Node, second: Node) -> list[Row]:
    """Measure; `first` holds the samples and may move them to `second`."""
    by_class: dict[str, list[Sample]] = defaultdict(list)
    for path in sorted(samples.rglob("*.dcm")):
        sample = read(path)
        by_class[sample.held.sop_class_uid].append(sample)
    everything = {each.uid: uid for uid, members in by_class.items() for each in members}
    known = Known(everything.get, complete=True)
    return [
        _row(uid, by_class[uid], known, (first, second))
        for uid in sorted(by_class, key=catalogue.name_of)
    ]


def _row(uid: str, members: list[Sample], known: Known, nodes: tuple[Node, Node]) -> Row:
    first, second = nodes
    key = KEYS[uid]
    found, moved, got = 0, 0, 0
    for each in members:
        wanted = each.uid in set(_found(first, each, key))
        found += wanted and each.uid not in set(_found(first, each, key, other=True))
        got += _got(first, each) == each.data
        answers = move(target(first), _identifier(each), "SECOND", root=_model("move", each))
        moved += answers[-1].status == 0 and _got(second, each) == each.data
    valid = sum(not errors(check(each.held, known)) for each in members)
    return Row(uid, key, len(members), valid, found, moved, got)


def _model(service: str, sample: Sample) -> str:
    """The information model whose objects these are; Study Root's for those of a patient."""
    for uid, model in catalogue.MODELS.items():
        if model.service == service and sample.held.sop_class_uid in model.classes:
            return uid
    return f"1.2.840.10008.5.1.4.1.2.2.{('find', 'move', 'get').index(service) + 1}"


def _identifier(sample: Sample) -> Dataset:
    made = Dataset()
    if "StudyInstanceUID" in sample.head:
        made.QueryRetrieveLevel = "IMAGE"
        made.StudyInstanceUID = sample.head.StudyInstanceUID
        made.SeriesInstanceUID = sample.head.SeriesInstanceUID
    made.SOPInstanceUID = sample.uid
    return made


def _got(node: Node, sample: Sample) -> bytes | None:
    _, kept = get(target(node), _identifier(sample), [sample.held], root=_model("get", sample))
    return kept.get(sample.uid)


def _found(node: Node, sample: Sample, key: str, *, other: bool = False) -> Iterator[str]:
    """What is found by the sample's value of a key, or by a value that no sample has."""
    identifier = _identifier(sample)
    identifier.SOPInstanceUID = ""
    if dictionary_VR(key) == "SQ":
        inside = _told(sample, key)[key].value[0]
        asked = Dataset()
        for keyword in _INSIDE.get(key, _CODE):
            setattr(asked, keyword, _value(keyword, inside, other=other))
        setattr(identifier, key, [asked])
    else:
        setattr(identifier, key, _value(key, _told(sample, key), other=other))
    model = _model("find", sample)
    with associate(target(node), CALLER, [(model, SYNTAXES)]) as association:
        for each in find.find(association, model, identifier):
            yield each.SOPInstanceUID


def _told(sample: Sample, key: str) -> Dataset:
    """Where the value of a key stands: in the sample, or it is told of the sample."""
    told = Dataset()
    match key:
        case "AvailableTransferSyntaxUID":
            told.AvailableTransferSyntaxUID = sample.held.transfer_syntax_uid
        case "ReferencedSOPSequence":
            to = Dataset()
            to.ReferencedSOPInstanceUID = references(sample.head)[0].sop_instance_uid
            told.ReferencedSOPSequence = [to]
        case _:
            return sample.head
    return told


def _value(keyword: str, there: Dataset, *, other: bool) -> str:
    if other:
        return "2.25.1" if dictionary_VR(keyword) == "UI" else "NO_SUCH_VALUE"
    value = there[keyword].value
    several = isinstance(value, Sequence) and not isinstance(value, str)
    return str([one for one in value if one != "NONE"][-1] if several else value)


def table(measured: Sequence[Row]) -> str:
    """The rows as a table of docs/samples.md."""
    return HEADING + "".join(map(str, measured))


@contextmanager
def travelled(samples: Path, data: Path) -> Iterator[list[Row]]:
    """What was measured of all samples, sent by dcmsend to a node that may move them to another."""
    with (
        node(data / "second", "SECOND") as second,
        node(
            data / "first",
            peers=(
                peer("TESTER", move_to=["SECOND"]),
                peer("SECOND", port(second)),
                peer("DCMSEND"),
            ),
        ) as first,
    ):
        at = ("-aec", "ANODE", "127.0.0.1", str(port(first)))
        # As the files are: no change of transfer syntax, and no classes left out.
        bare = ("--decompress-never", "--no-uid-checks", "--no-halt")
        sent = tool("dcmsend", *at, "+sd", "+r", *bare, samples)
        assert sent.returncode == 0, sent.stderr
        assert first.archive.counts().instances == len(list(samples.rglob("*.dcm")))
        assert first.examination.settle(60), "what an object refers to is found by its examination"
        yield rows(samples, first, second)


def main() -> None:
    """Print the table anew: `python -m tests.journey`."""
    with TemporaryDirectory() as folder:
        list(make(Path(folder) / "samples"))
        with travelled(Path(folder) / "samples", Path(folder)) as measured:
            print(table(measured))


if __name__ == "__main__":
    main()

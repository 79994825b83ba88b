"""The conformance statement claims what the node does, and the node does what it claims.

The tables are read out of the statement as it is written; a running node negotiates and answers.
"""

import errno
import os
import re
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path

import pytest
from pydicom import Dataset

from archive.attributes import ATTRIBUTES
from archive.matching import RULES
from cli.statement.page import page
from cli.statement.querying import MATCHING
from cli.statement.statement import markdown
from cli.statement.statement import statement as made
from config import catalogue
from scp.statuses import Status
from scu import requests
from scu.associate import MOST_CONTEXTS, Caller, associate
from scu.datasets import decode
from tests.clients import send
from tests.commands import anode, configuration
from tests.nodes import node, peer, settings, target
from tests.objects import instance, non_patient, written
from wire.command import Field

CALLER = Caller("TESTER")
# What nobody should get: other services, a directory, what is private or unknown.
OTHERS = (
    "1.2.840.10008.5.1.4.31",  # Modality Worklist
    "1.2.840.10008.3.1.2.3.3",  # MPPS
    "1.2.840.10008.5.1.4.34.6.1",  # UPS Push
    "1.2.840.10008.5.1.4.33",  # Instance Availability Notification
    "1.2.840.10008.5.1.1.9",  # Basic Grayscale Print Management
    "1.2.840.10008.5.1.4.1.1.201.5",  # Inventory Creation
    "1.2.840.10008.1.3.10",  # Media Storage Directory
    "1.2.826.0.1.3680043.8.498.1",
)
PROPOSED = ("1.2.840.10008.1.1", *catalogue.STORAGE, *catalogue.MODELS, *OTHERS)
CONFIGURATIONS = {
    "everything": {},
    "some": {"peers": (peer("TESTER", may=["echo", "store:image", "find", "commit"]),)},
    "retrieve only": {"peers": (peer("TESTER", may=["get", "move:display"]),)},
}


def statement(settings):
    return made(settings, "2026-11-30")


def chapters(text):
    """What stands under each numbered heading."""
    parts = re.split(r"^#+ ([A-E0-9][0-9.]*) .*$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def tables(text):
    """The rows of each table, as dictionaries, by its caption."""
    made = {}
    for caption, head, body in re.findall(
        r"^\*\*(.*)\*\*\n\n(\|.*)\n\|(?:---\|)+\n((?:\|.*\n)*)", text, re.MULTILINE
    ):
        names = cells(head)
        made[caption] = [dict(zip(names, cells(row), strict=True)) for row in body.splitlines()]
    return made


def cells(row):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def table(text, beginning):
    found = [rows for caption, rows in tables(text).items() if caption.startswith(beginning)]
    assert len(found) == 1, beginning
    return found[0]


def claimed(text):
    """(SOP class, transfer syntax) to the roles of the node."""
    made = {}
    for row in table(text, "Table 7.2.1.4-1."):
        roles = frozenset(re.findall(r"SC[PU]", row["Role"]))
        if row["UID"] == "Annex A":
            classes = [each["UID"] for each in table(text, "Table A-1.") if each["SCP"] == "Yes"]
            syntaxes = [each["UID"] for each in table(text, "Table 7.2.1.4-2.")]
        else:
            classes = [row["UID"]]
            syntaxes = re.findall(r"\(([0-9.]+)\)", row["Transfer syntaxes"])
        made |= {(one, syntax): roles for one in classes for syntax in syntaxes}
    return made


def negotiated(serving):
    """The same, as a running node accepts it: each class with each transfer syntax alone."""
    pairs = iter([(one, syntax) for one in PROPOSED for syntax in catalogue.TRANSFER_SYNTAXES])
    made = {}
    while some := list(islice(pairs, MOST_CONTEXTS)):
        roles = {one: (True, True) for one, _ in some}
        proposals = [(one, (syntax,)) for one, syntax in some]
        with associate(target(serving), CALLER, proposals, roles) as association:
            for context in association.contexts.values():
                played = {"SCP": context.scu, "SCU": context.scp}
                made[context.abstract_syntax, context.transfer_syntax] = frozenset(
                    role for role, plays in played.items() if plays
                )
    return made


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_what_is_claimed_is_negotiated_and_nothing_else(tmp_path, name):
    with node(tmp_path, **CONFIGURATIONS[name]) as serving:
        claims = claimed(markdown(statement(serving.settings)))
        accepted = negotiated(serving)
    assert claims.keys() - accepted.keys() == set()
    assert accepted.keys() - claims.keys() == set()
    assert claims == accepted


def test_the_byte_of_each_agreement_is_answered_and_no_other(tmp_path):
    with node(tmp_path) as serving:
        rows = table(markdown(statement(serving.settings)), "Table 7.2.1.4-3.")
        assert len(rows) == len(
            [m for m in catalogue.SERVED_MODELS.values() if m.root != "commitment"]
        )
        for row in rows:
            bits = {int(number) for number in re.findall(r"\b(\d) ", row["Agreed to, by byte"])}
            offered = {row["UID"]: bytes([1] * 7)}
            proposals = [(row["UID"], ("1.2.840.10008.1.2.1",))]
            with associate(target(serving), CALLER, proposals, extended=offered) as association:
                answer = association.extended.get(row["UID"], b"")
            assert {at for at, bit in enumerate(answer, 1) if bit} == bits, row


# -- keys -----------------------------------------------------------------------------------------


def find_tables(text):
    """(model, level) to the keys that are claimed; a model without levels has none."""
    by_name = {model.name: model for model in catalogue.SERVED_MODELS.values()}
    for caption, rows in tables(text).items():
        found = re.fullmatch(r"Keys of (.*?)(?: at level ([A-Z]+))?", caption)
        if found:
            yield by_name[found[1]], found[2] or "", [row["Attribute"] for row in rows]


def asked(serving, model, identifier):
    """Statuses and answers of a C-FIND."""
    statuses, answers = [], []
    proposals = [(model.uid, ("1.2.840.10008.1.2.1",))]
    with associate(target(serving), CALLER, proposals) as association:
        begun = requests.begin(association, Field.C_FIND, model.uid, identifier)
        while True:
            message = association.response(begun.request)
            data = message.identifier()
            if message.command.status not in (Status.PENDING, Status.PENDING_KEYS_UNSUPPORTED):
                return statuses, answers, message.command.status
            statuses.append(message.command.status)
            answers.append(decode(data, begun.context.transfer_syntax))


ABOVE = {"STUDY": ("PatientID",), "SERIES": ("PatientID", "StudyInstanceUID")}
ABOVE["IMAGE"] = (*ABOVE["SERIES"], "SeriesInstanceUID")


def identifier(model, level, keys, stored):
    made = Dataset()
    within = [made]
    for told in keys:  # those of items stand below their sequence, with a > for each depth
        keyword = told.lstrip(">")
        depth = len(told) - len(keyword)
        item = Dataset()
        value = [item] if keyword.endswith("Sequence") else None
        setattr(within[depth], keyword, value)
        within[depth + 1 :] = [item]
    if level:
        made.QueryRetrieveLevel = level
        roots = ABOVE.get(level, ())
        for keyword in roots[0 if "PATIENT" in model.levels else 1 :]:
            setattr(made, keyword, stored[keyword].value)
    return made


def test_every_model_that_is_queried_has_its_keys_told():
    text = markdown(statement(settings_of()))
    told = {(model.uid, level) for model, level, _ in find_tables(text)}
    finds = [m for m in catalogue.SERVED_MODELS.values() if m.service == "find"]
    levels = {(m.uid, level) for m in finds for level in (("",) if m.classes else m.levels)}
    assert told == levels


def settings_of(tmp_path="unused"):
    from pathlib import Path

    return settings(Path(tmp_path))


def test_every_key_that_is_claimed_is_answered(tmp_path):
    stored = instance()
    nobodys = [each.uid for each in catalogue.STORAGE.values() if each.kind == "non-patient"]
    of_nobody = [non_patient(uid, number) for number, uid in enumerate(nobodys, 2)]
    with node(tmp_path / "data") as serving:
        paths = written(tmp_path / "files", stored, *of_nobody)
        assert {each.status for each in send(target(serving), paths)} == {0}
        for model, level, keys in find_tables(markdown(statement(serving.settings))):
            wanted = identifier(model, level, keys, stored)
            statuses, answers, final = asked(serving, model, wanted)
            assert (set(statuses), final) == ({Status.PENDING}, 0), (model.name, level)
            own = [key for key in keys if not key.startswith(">")]
            assert [key for key in own if key not in answers[0]] == [], (model.name, level)


def test_wildcards_are_claimed_of_the_representations_that_match_them():
    wild = {vr for vr, rule in RULES.items() if rule in (RULES["LO"], RULES["PN"])}
    assert {vr for vr, told in MATCHING.items() if "wildcard" in told} == wild


def test_a_key_that_is_not_claimed_is_told_to_be_unsupported(tmp_path):
    with node(tmp_path / "data") as serving:
        send(target(serving), written(tmp_path / "files", instance()))
        text = markdown(statement(serving.settings))
        assert "MedicalAlerts" not in text
        model = catalogue.SERVED_MODELS["1.2.840.10008.5.1.4.1.2.2.1"]
        statuses, _, _ = asked(serving, model, identifier(model, "STUDY", ["MedicalAlerts"], None))
    assert statuses == [Status.PENDING_KEYS_UNSUPPORTED]


# -- the rest -------------------------------------------------------------------------------------


def test_the_layout_is_that_of_the_standard():
    text = markdown(statement(settings_of()))
    numbers = list(chapters(text))
    assert [number for number in numbers if "." not in number] == list("12345678ABCDE")
    assert len(numbers) == len(set(numbers))
    for below in ("1.1", "1.7", "3.6", "4.1.1", "5.2.5.1", "5.2.5.1.1", "5.2.5.2", "5.2.7", "5.7",
                  "6.6", "7.1.1", "7.2.1.3", "7.2.1.4", "7.3.1.1", "7.3.1.2", "7.3.2", "8.3",
                  "8.4.2", "8.5.1", "8.5.2", "8.7"):  # fmt: skip
        assert below in numbers


def test_what_is_not_done_is_said():
    parts = chapters(markdown(statement(settings_of())))
    assert "WADO-WS" in parts["1.3"]
    assert "retired" in parts["1.3"]
    assert "Modality Worklist" in parts["1.2"]
    assert "informative" in parts["B"]
    assert all(name in parts["3.3"] for name in ("B.12", "B.13", "Bytes 6 and 7", "JJ"))
    assert "B.12 and B.13 is not claimed" in parts["8.4.2"]
    for number in ("5.2.1", "5.2.2", "5.2.3", "5.2.4", "5.2.8"):
        assert parts[number].strip() == "Not supported."


def test_what_anode_makes_and_copies_from_other_objects_is_told():
    """A tender reads the annexes: what `anode wrap` takes from whom is in none of the tables."""
    parts = chapters(markdown(statement(settings_of())))
    made = "encapsulated STL, OBJ, MTL, PDF and CDA of files that a person has (`anode wrap`)"
    assert made in parts["A"]
    assert "`anode wrap`, which takes patient, study, clinical trial and frame" in parts["D"]
    assert "in encapsulated documents those of CID 7060 to 7064" in parts["E"]


def test_the_configuration_is_told(tmp_path):
    path = configuration(
        tmp_path,
        '[node]\nae_title = "PACS7"\n[[peer]]\nae_title = "CT|1"\nhost = "10.0.0.5"\n'
        'may = ["echo", "store"]\n[archive]\nsync = "lazy"\n',
    )
    ran = anode("conformance", "-c", path)
    assert ran.code == 0
    parts = chapters(ran.out)
    assert "PACS7" in parts["7.2.1.4"]
    (row,) = table(ran.out, "Table 6.2-1.")
    assert (row["AE title"], row["May"]) == (r"CT\|1", "echo, store")
    assert "lazy" in parts["5.6.1"]
    assert "nobody the right to query" in parts["5.2.7.1"]


class Seen(HTMLParser):
    """Elements in balance, and what they are."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.ids = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open += [] if tag == "meta" else [tag]
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_says_the_same_and_leads_through_it(tmp_path):
    blocks = statement(settings_of())
    seen = Seen(page(blocks))
    assert seen.tags.count("table") == seen.tags.count("caption") == len(tables(markdown(blocks)))
    assert {link.removeprefix("#") for link in seen.links} <= set(seen.ids)
    assert len(seen.links) > 40
    assert not {"script", "img", "link"} & set(seen.tags)


def undated(text):
    """Without the date of the document: two runs may be of two days."""
    return re.sub(r"\b20\d\d-\d\d-\d\d\b", "", text)


def test_it_is_written_where_it_is_wanted(tmp_path):
    path = configuration(tmp_path)
    page_ = tmp_path / "conformance.html"
    assert anode("conformance", "-c", path, "--html", "-o", page_).code == 0
    assert undated(page_.read_text(encoding="utf-8")) == undated(
        anode("conformance", "-c", path, "--html").out
    )
    ran = anode("conformance", "-c", path, "-o", page_)
    assert (ran.code, "--overwrite replaces it" in ran.err) == (1, True)
    assert page_.read_text(encoding="utf-8").startswith("<!")


# Of each representation a value that is stored, and one that is not.
VALUES = {
    **dict.fromkeys(("AE", "CS", "LO", "SH", "UC"), ("VALUE1", "OTHER1")),
    **dict.fromkeys(("LT", "ST", "UT"), ("a text", "another text")),
    "PN": ("Kept^Name", "Other^Name"),
    "UI": ("1.2.3.7", "1.2.3.8"),
    "DA": ("20240102", "20230102"),
    "TM": ("101500", "111500"),
    "DT": ("20240102101500", "20230102101500"),
    "AS": ("042Y", "043Y"),
    "IS": ("7", "8"),
    "DS": ("7.5", "8.5"),
    **dict.fromkeys(("US", "UL"), (7, 8)),
}
FIXED = {"SOPClassUID", "TimezoneOffsetFromUTC"}  # of which a value cannot be chosen here


def coded(value):
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, "99TEST", value
    return [made]


def chosen(key, which):
    """The value of a key; None where it is not one of a table."""
    if key.vr == "SQ":
        known = {each.keyword for each in key.items}
        return coded(f"V{which}") if "CodeValue" in known else None
    values = VALUES.get(key.vr)
    return values[which] if values else None


def test_every_key_that_is_claimed_to_match_matches(tmp_path):
    keys = {key.keyword: key for key in ATTRIBUTES if key.matched and not key.computed}
    keys = {name: key for name, key in keys.items() if name not in FIXED and chosen(key, 0)}
    stored = instance(**{name: chosen(key, 0) for name, key in keys.items()})
    model = catalogue.SERVED_MODELS["1.2.840.10008.5.1.4.1.2.2.1"]
    wrong, tried = [], 0
    with node(tmp_path / "data") as serving:
        (outcome,) = send(target(serving), written(tmp_path / "files", stored))
        assert outcome.status == 0
        for asked_model, level, told in find_tables(markdown(statement(serving.settings))):
            for name in told if asked_model is model else ():
                if name in keys:
                    tried += 1
                    wanted = [identifier(model, level, [name], stored) for _ in range(2)]
                    for which, each in enumerate(wanted):
                        setattr(each, name, chosen(keys[name], which))
                    found = [len(asked(serving, model, each)[1]) for each in wanted]
                    wrong += [] if found == [1, 0] else [(level, name, found)]
    assert wrong == []
    assert tried > 70


def test_a_statement_is_written_whole_or_the_old_one_stays(tmp_path, monkeypatch):
    path, link = tmp_path / "ours.md", tmp_path / "link.md"
    path.write_text("the old one")
    link.symlink_to(path)
    config = configuration(tmp_path)

    def fails(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        assert anode("conformance", "-c", config, "-o", link, "--overwrite").code != 0
    assert path.read_text() == "the old one"
    assert anode("conformance", "-c", config, "-o", link, "--overwrite").code == 0
    assert link.is_symlink()
    written = path.read_text(encoding="utf-8")
    assert undated(written) == undated(anode("conformance", "-c", config).out)
    assert sorted(each.suffix for each in tmp_path.iterdir()) == [".md", ".md", ".toml"]
    assert anode("conformance", "-c", config, "-o", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()

"""What the conformance statement says is proposed, is: by commands, by the node, and for C-GET."""

import re

import pytest

from cli.statement.statement import markdown, statement
from config import catalogue
from scu import associate as calling
from scu.associate import MOST_CONTEXTS, associate
from scu.instances import read
from tests.clients import CALLER, send
from tests.commands import anode, configuration
from tests.nodes import node, peer, settings, target
from tests.objects import instance, written
from tests.test_conformance import table
from wire.errors import Unreachable

GET = "1.2.840.10008.5.1.4.1.2.2.3"
EXPLICIT = "1.2.840.10008.1.2.1"
# How a model is named to a command, and what it needs to go there
MODELS = {
    "1.2.840.10008.5.1.4.1.2.1": "patient",
    "1.2.840.10008.5.1.4.1.2.2": "study",
    "1.2.840.10008.5.1.4.1.2.3": "patient-study",
    "1.2.840.10008.5.1.4.1.2.4": "instance",
}


def rows(tmp_path):
    text = markdown(statement(settings(tmp_path), "2026-11-30"))
    return table(text, "Table 7.2.1.3-1.")


@pytest.fixture
def requested(monkeypatch):
    """What was asked for; nobody is there to answer."""
    seen = []

    def nobody(address, request, limits, *, tls):
        seen.append(request)
        raise Unreachable("nobody is there")

    monkeypatch.setattr(calling.establish, "request", nobody)
    return seen


def proposed(request):
    return {each.abstract_syntax: each.transfer_syntaxes for each in request.contexts}


def claimed(row):
    return tuple(re.findall(r"\(([0-9.]+)\)", row["Transfer syntaxes"]))


def arguments(row):
    """The command that associates for a row of a query or retrieve model."""
    service = row["Activity"].strip("`").split()[1]
    model = catalogue.MODELS[row["UID"]]
    name = MODELS.get(row["UID"].rpartition(".")[0], model.root)
    keys = [] if service == "find" else ["-k", "SOPInstanceUID=1.2.3"]
    if model.levels and not model.classes and service != "find" and name != "instance":
        keys = ["-k", "PatientID=1", "-k", "StudyInstanceUID=1.2.3"]
    destination = ["WS"] if service == "move" else []
    return [service, "PEER@127.0.0.1:1", *destination, "--model", name, *keys]


def test_each_query_and_retrieve_is_proposed_as_it_is_claimed(tmp_path, requested):
    tried = 0
    for row in rows(tmp_path):
        if row["UID"] not in catalogue.MODELS or row["Activity"] not in (
            "`anode find`", "`anode move`",
        ):  # fmt: skip
            continue
        requested.clear()
        ran = anode(*arguments(row))
        assert ran.code == 3, (row, ran.err)
        (request,) = requested
        assert proposed(request) == {row["UID"]: claimed(row)}
        assert (request.roles, request.extended) == ({}, {})
        tried += 1
    finds = {"find", "move"}
    roots = ("repository", "without-bulk-data", "commitment")
    assert tried == len(
        [m for m in catalogue.MODELS.values() if m.service in finds and m.root not in roots]
    )


def test_the_bytes_of_extended_negotiation_are_asked_for_as_it_is_claimed(tmp_path, requested):
    told = {row["UID"]: row["Extended negotiation"] for row in rows(tmp_path)}
    study, hanging = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.38.2"
    assert re.findall(r"--(\w+) \(byte (\d)\)", told[study]) == [
        ("relational", "1"),
        ("fuzzy", "3"),
    ]
    assert "bytes 1 to 3" in told[hanging]
    for options, uid, expected in (
        (["--relational"], study, bytes([1])),
        (["--fuzzy"], study, bytes([0, 0, 1])),
        (["--model", "hanging", "--fuzzy"], hanging, bytes([1, 1, 1])),
    ):
        requested.clear()
        anode("find", "PEER@127.0.0.1:1", *options)
        assert requested[0].extended == {uid: expected}


def test_an_echo_and_a_commitment_are_proposed_as_it_is_claimed(tmp_path, requested):
    (path,) = written(tmp_path, instance())
    for begins, command in (("`anode echo`", ["echo"]), ("`anode commit`", ["commit", path])):
        (row,) = [row for row in rows(tmp_path) if row["Activity"].startswith(begins)]
        requested.clear()
        anode(command[0], "PEER@127.0.0.1:1", *command[1:])
        assert proposed(requested[0]) == {row["UID"]: claimed(row)}
        assert requested[0].roles == {}


def test_objects_are_proposed_in_what_they_are_in_and_what_they_may_become(tmp_path, requested):
    (row,) = [row for row in rows(tmp_path) if "`anode send`" in row["Activity"]]
    assert row["Transfer syntaxes"].startswith("that of the object")
    (path,) = written(tmp_path, instance())
    anode("send", "PEER@127.0.0.1:1", path)
    first, *more = requested[0].contexts
    held = read(path)
    assert first.abstract_syntax == held.sop_class_uid
    assert first.transfer_syntaxes == (held.transfer_syntax_uid,)
    assert all(one.abstract_syntax == held.sop_class_uid for one in more)


GETS = {
    "everything": ({}, True),
    "retrieve only": ({"peers": (peer("TESTER", may=["get", "move:display"]),)}, True),
    "no get": ({"peers": (peer("TESTER", may=["echo", "store:image", "find"]),)}, False),
}


@pytest.mark.parametrize("name", GETS)
def test_storage_is_accepted_beside_a_get_where_that_is_claimed(tmp_path, name):
    """PS3.7 D.3.3.4: the right to get is enough to be sent objects on the same association."""
    options, gets = GETS[name]
    with node(tmp_path, **options) as serving:
        text = markdown(statement(serving.settings, "2026-11-30"))
        told = [row for row in table(text, "Table 7.2.1.4-1.") if row["UID"].endswith("for C-GET")]
        assert len(told) == gets
        every = [each["UID"] for each in table(text, "Table A-1.")]
        assert every == list(catalogue.STORAGE)
        syntaxes = [each["UID"] for each in table(text, "Table 7.2.1.4-2.")]
        room = MOST_CONTEXTS - 1
        pairs = [(uid, (EXPLICIT,)) for uid in every]
        pairs += [(every[0], (syntax,)) for syntax in syntaxes]
        for first in range(0, len(pairs), room) if gets else ():
            some = pairs[first : first + room]
            roles = {uid: (False, True) for uid, _ in some}
            proposals = [(GET, (EXPLICIT,)), *some]
            with associate(target(serving), CALLER, proposals, roles) as association:
                contexts = association.contexts.values()
                assert {c.scp for c in contexts if c.abstract_syntax != GET} == {True}
                assert len(contexts) == len(proposals)


def test_who_may_only_get_is_not_stored_from(tmp_path):
    options, _ = GETS["retrieve only"]
    paths = written(tmp_path / "files", instance())
    with node(tmp_path / "node", **options) as serving:
        uid = read(paths[0]).sop_class_uid
        proposals = [(GET, (EXPLICIT,)), (uid, (EXPLICIT,))]
        with associate(target(serving), CALLER, proposals) as association:
            assert uid in {c.abstract_syntax for c in association.contexts.values()}
        assert [one.status for one in send(target(serving), paths)] != [0]
        assert serving.archive.counts().instances == 0


def test_what_the_configuration_says_is_no_markup(tmp_path):
    path = configuration(
        tmp_path, '[[peer]]\nae_title = "<b>&|`"\nhost = "10.0.0.5"\nmay = ["store"]\n'
    )
    assert "&lt;b&gt;&amp;|`</td>" in anode("conformance", "-c", path, "--html").out
    (row,) = table(anode("conformance", "-c", path).out, "Table 6.2-1.")
    assert row["AE title"] == r"\<b>&\|`"


def test_what_may_be_asked_is_told_whatever_peers_may(tmp_path):
    """The command line needs nobody's right; a node that only takes objects sends them, too."""
    path = configuration(
        tmp_path, '[[peer]]\nae_title = "CT1"\nhost = "10.0.0.5"\nmay = ["store"]\n'
    )
    ran = anode("conformance", "-c", path)
    services = {row["SOP class"]: row for row in table(ran.out, "Table 1.2-1.")}
    assert {row["SCU"] for row in services.values()} == {"Yes", "No"}
    verification = services["Verification SOP Class"]
    assert (verification["SCU"], verification["SCP"]) == ("Yes", "No")
    assert "gives nobody the right to verify" in ran.out
    assert {row["SCU"] for row in table(ran.out, "Table A-1.")} == {"Yes"}
    assert len(services) == len(catalogue.SERVED_MODELS) + 2

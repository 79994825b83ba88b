"""What a peer does not accept is told by its answer, PS3.8 Table 9-18, and by its name."""

import pytest
from pydicom.data import get_testdata_file

from tests.commands import anode, at
from tests.nodes import node, peer

CT = get_testdata_file("CT_small.dcm")


@pytest.mark.parametrize("options", [(), ("--convert",)])
def test_without_a_right_conversion_is_not_advised(options, tmp_path):
    with node(tmp_path, peers=(peer("ANODE", may=("find",)),)) as ours:
        ran = anode("send", at(ours), CT, *options)
    assert (
        "CT Image Storage: the peer does not take it from us (user rejection); we are ANODE"
        in ran.err
    )
    assert "--convert" not in ran.err


@pytest.mark.parametrize("command", ["move", "get"])
def test_a_model_that_is_not_served_is_told_by_its_name(command, tmp_path):
    more = ("--output", tmp_path / "got") if command == "get" else ("ANODE",)
    with node(tmp_path, peers=(peer("ANODE", may=("store",)),)) as ours:
        ran = anode(command, at(ours), *more, "-k", "StudyInstanceUID=1.2")
    assert ran.code == 4
    assert (
        f"context for Study Root Query/Retrieve Information Model - {command.upper()};" in ran.err
    )

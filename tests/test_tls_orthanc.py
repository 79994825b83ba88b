"""Orthanc over DICOM TLS in both directions, by each of our profiles, with certificates of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

import pytest

from config import contexts
from config.profiles import PROFILES
from scp.node import Node
from scu import instances
from scu.associate import Target
from scu.echo import echo
from tests.certificates import Authority, Issued
from tests.clients import CALLER, get, move, query, send
from tests.nodes import HERE, node, peer, port
from tests.objects import identifier, instance, uid, written
from tests.peers import Address, Orthanc, needs_orthanc, orthanc
from tests.secured import ALL, NAMES, credentials, listener, logged
from wire.errors import Ended, Unreachable

pytestmark = [needs_orthanc, pytest.mark.interop]


@dataclass(frozen=True)
class Place:
    """One Orthanc for all tests here; ours is told to it anew by each."""

    remote: Orthanc
    ca: Authority
    own: Issued

    def introduce(self, serving: Node) -> None:
        """Tell Orthanc where a node of ours listens."""
        self.remote.know("anode", Address("ANODE", port(serving)), UseDicomTls=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("orthanc")
    ca = Authority(folder / "ca")
    theirs = ca.issue("orthanc")
    settings = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(theirs.certificate),
        "DicomTlsPrivateKey": str(theirs.key),
        "DicomTlsTrustedCertificates": str(ca.certificate),
    }
    with orthanc(folder / "orthanc", {}, **settings) as remote:
        yield Place(remote, ca, ca.issue("node"))


def made(folder: Path, name: str) -> tuple[str, list[Path]]:
    """A study of its own, three objects in files."""
    uids = {"StudyInstanceUID": uid(name), "SeriesInstanceUID": uid(name, "series")}
    return uids["StudyInstanceUID"], written(folder, *(instance(n, **uids) for n in range(3)))


@ALL
def test_orthanc_stores_queries_and_fetches_by_each_profile(profile, place, tmp_path):
    """C-MOVE comes in by one profile and goes back to Orthanc by the next."""
    study, paths = made(tmp_path / "files", f"orthanc {profile}")
    remote, other = place.remote, NAMES[NAMES.index(profile) - 1]
    known = peer("ORTHANC", remote.dicom.port, tls=other)
    here = listener(profile, place.ca, place.own)
    with node(tmp_path / "node", "ANODE", (known,), listener=(here,)) as serving:
        place.introduce(serving)
        assert remote.request("/modalities/anode/echo", {}) is not None
        names = [remote.upload(path) for path in paths]
        stored = remote.request("/modalities/anode/store", names)
        assert (stored["FailedInstancesCount"], stored["InstancesCount"]) == (0, 3)
        asked = {"Level": "Study", "Query": {"StudyInstanceUID": study}}
        found = remote.request("/modalities/anode/query", asked)
        assert remote.request(found["Path"] + "/answers") == ["0"]
        for name in names:
            remote.delete(name)
        remote.request(found["Path"] + "/retrieve", {"TargetAet": "ORTHANC"})
        assert set(names) <= set(remote.request("/instances"))
        assert serving.archive.counts().instances == 3


@ALL
def test_we_store_find_get_and_move_at_orthanc_by_each_profile(profile, place, tmp_path):
    """Orthanc moves to a node whose listener has the profile that was called by."""
    study, paths = made(tmp_path / "files", f"we {profile}")
    secure = contexts.to(contexts.client(PROFILES[profile], credentials(place.own, place.ca)), HERE)
    target = Target("ORTHANC", HERE, place.remote.dicom.port, secure)
    assert echo(target, CALLER).status == 0
    assert [one.status for one in send(target, paths)] == [0, 0, 0]
    asked = identifier("STUDY", StudyInstanceUID=study)
    assert len(query(target, asked)) == 1
    wanted = [instances.read(path) for path in paths]
    last, kept = get(target, asked, wanted)
    assert last[-1].status == 0
    assert set(kept) == {one.sop_instance_uid for one in wanted}
    here = listener(profile, place.ca, place.own)
    with node(tmp_path / "node", listener=(here,)) as serving:
        place.introduce(serving)
        moved = move(target, asked, "ANODE")[-1]
        assert moved.status == 0, moved.comment
        assert serving.archive.counts().instances == 3


@ALL
def test_orthanc_and_we_refuse_each_other_without_a_certificate(profile, place, tmp_path, caplog):
    nobody = contexts.client(PROFILES[profile], credentials(None, place.ca))
    target = Target("ORTHANC", HERE, place.remote.dicom.port, contexts.to(nobody, HERE))
    with pytest.raises((Unreachable, Ended)):
        echo(target, CALLER)
    strange = Authority(tmp_path / "strange", "Strange CA")
    own = strange.issue("node")
    here = listener(profile, strange, own)
    with node(tmp_path / "node", listener=(here,)) as serving:
        place.introduce(serving)
        with logged(caplog, "refused: TLS handshake failed: "), pytest.raises(HTTPError):
            place.remote.request("/modalities/anode/echo", {})

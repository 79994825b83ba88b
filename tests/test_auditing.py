"""[audit] and [[audit.sink]]: defaults that work, and one sentence for what would not."""

from __future__ import annotations

import pytest

from config.errors import ConfigError
from config.settings import load

UDP = '[[audit.sink]]\nhost = "logs"\ntransport = "udp"\n'
TLS = '[[audit.sink]]\nhost = "logs"\nca = "ca.crt"\n'


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "anode.toml"
        path.write_text(text)
        return path

    return write


def test_the_trail_is_kept_without_being_told_to():
    found = load(None, {}).audit
    assert (found.enabled, found.sink, found.when_full) == (True, (), "drop")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (TLS, ("logs", 6514)),
        (UDP, ("logs", 514)),
        (UDP.replace("udp", "tcp"), ("logs", 514)),
        (f"{UDP}port = 5140\n", ("logs", 5140)),
    ],
)
def test_a_sink_has_the_port_of_its_transport(file, text, address):
    assert load(file(text), {}).audit.sink[0].address == address


def test_files_of_a_sink_lie_beside_the_configuration(file):
    path = file(f'{TLS}certificate = "tls/node.crt"\nkey = "/etc/node.key"\n')
    credentials = load(path, {}).audit.sink[0].credentials
    assert credentials.ca == path.parent / "ca.crt"
    assert credentials.certificate == path.parent / "tls/node.crt"
    assert str(credentials.key) == "/etc/node.key"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[audit]\nenabled = "perhaps"', "audit: enabled must be true or false, not 'perhaps'"),
        ("[audit]\nkeep_days = 0", "audit: keep_days must be at least 1, not 0"),
        ("[audit]\nspool_bytes = 1", "audit: spool_bytes must be at least 65536, not 1"),
        ('[audit]\nwhen_full = "wait"', "audit: when_full must be 'drop' or 'refuse', not 'wait'"),
        ('[audit]\nsource = "\\n"', "audit: source must be a name of printable characters"),
        ('[audit]\nsinks = "x"', "audit: unknown key 'sinks'; did you mean 'sink'?"),
        ("[[audit.sink]]", "audit: sink 1: host is missing"),
        ('[[audit.sink]]\nhost = "logs"', "audit: sink 1: transport over TLS needs a ca"),
        (f'{UDP}ca = "x"', 'audit: sink 1: ca means nothing with transport = "udp"'),
        (f'{TLS}key = "x"', "audit: sink 1: certificate and key go together"),
        (f'{TLS}tls = "ssl3"', "audit: sink 1: tls must be 'rfc9325', "),
        (f"{UDP}prot = 5", "audit: sink 1: unknown key 'prot'; did you mean 'port'?"),
        (UDP * 2, "audit: sink 2: udp-logs-514 is there already; keep one entry"),
        (f"{UDP}port = 0", "audit: sink 1: port must be between 1 and 65535, not 0"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(file, text, said):
    path = file(text)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(caught.value).removeprefix(f"{path}: ").startswith(said)


def test_the_environment_adds_sinks_in_order(file):
    environ = {
        "ANODE__AUDIT__SINK__2__HOST": "two",
        "ANODE__AUDIT__SINK__2__TRANSPORT": "tcp",
        "ANODE__AUDIT__SINK__2__PORT": "601",
        "ANODE__AUDIT__SINK__3__HOST": "three",
        "ANODE__AUDIT__SINK__3__TRANSPORT": "udp",
        "ANODE__AUDIT__SITE": "H",
    }
    found = load(file(UDP), environ).audit
    assert [each.address for each in found.sink] == [("logs", 514), ("two", 601), ("three", 514)]
    assert found.site == "H"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ANODE__AUDIT__SINK__9__HOST", "there are 1 [[audit.sink]], so the number must be"),
        ("ANODE__AUDIT__SINK__HOST", "must be like "),
        ("ANODE__AUDIT__SINK", "audit: sink must be a list, not 'x'"),
    ],
)
def test_a_wrong_override_says_how_it_is_spelled(file, name, said):
    with pytest.raises(ConfigError) as caught:
        load(file(UDP), {name: "x"})
    assert said in str(caught.value)

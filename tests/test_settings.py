"""Settings are refused in one clear sentence and never leave a node open by accident."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config import addresses, loading
from config.errors import ConfigError
from config.limits import Limits
from config.listeners import Listener
from config.peers import WHOLES, Peer
from config.rights import RIGHTS
from config.settings import Node, Settings, load
from config.writing import starter

PEER = '[[peer]]\nae_title = "CT1"\nhost = "10.0.0.5"\nport = 104\n'
OWN = 'tls = "rfc9325"\ncertificate = "a.crt"\nkey = "a.key"\n'


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "anode.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refusal(path, environ=None):
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    return str(caught.value).removeprefix(f"{path.parent}/" if path else "")


def test_without_a_file_the_node_is_anode_on_loopback():
    settings = load(None, {})
    assert settings.node.ae_title == "ANODE"
    assert [(each.host, each.port) for each in settings.listener] == [("127.0.0.1", 11112)]
    assert settings.admits_loopback
    assert settings.node.data.is_absolute()
    assert settings.limits == Limits()


def test_the_whole_file_is_read(file):
    settings = load(
        file(
            '[node]\nae_title = "MAIN"\ndata = "here"\nindex = "sqlite"\nworkers = 1\n'
            '[[listener]]\nhost = "0.0.0.0"\nport = 104\n'
            f'{PEER}may = ["echo", "store"]\nmove_to = ["WS1"]\n'
            '[[peer]]\nae_title = " WS1 "\nhost = "ws1.example"\nport = 11112\n'
            '[[peer]]\nae_title = "MANY"\nhost = "10.1.0.0/16"\n'
            '[access]\nunknown_peers = ["echo"]\n'
            '[archive]\nsync = "lazy"\nunknown_classes = "store"\ncheck = "off"\n'
            "[limits]\npdu = 131072\nidle_seconds = 30\n"
            '[log]\nlevel = "debug"\nformat = "json"\n'
        ),
        {},
    )
    ct, ws, many = settings.peer
    assert (ct.may, ct.destinations) == (("echo", "store"), ("WS1",))
    assert (ws.ae_title, ws.may, ws.destinations) == ("WS1", RIGHTS, ("WS1",))
    assert addresses.network(many.host).num_addresses == 65536
    assert settings.access.unknown_peers == ("echo",)
    assert (settings.archive.sync, settings.log.format) == ("lazy", "json")
    assert (settings.limits.pdu, settings.limits.idle_seconds) == (131072, 30.0)
    assert settings.peer_named("WS1 ") is ws
    assert settings.peer_named("ws1") is None
    assert not settings.admits_loopback


def test_a_relative_path_starts_at_the_file(file, tmp_path):
    assert load(file('[node]\ndata = "x/y"'), {}).node.data == tmp_path / "x/y"
    assert load(file(""), {}).node.data == tmp_path / "anode-data"
    assert str(load(file('[node]\ndata = "/srv/anode"'), {}).node.data) == "/srv/anode"


def test_settings_are_frozen():
    settings = load(None, {})
    with pytest.raises(ValidationError):
        settings.node.ae_title = "OTHER"
    with pytest.raises(ValidationError):
        settings.limits.pdu = 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[nod]", "unknown key 'nod'; did you mean 'node'?"),
        ('[node]\naetitle = "A"', "node: unknown key 'aetitle'; did you mean 'ae_title'?"),
        ("[log]\nzzz = 1", "log: unknown key 'zzz'; known are level, format"),
        (
            f'{PEER}[[peer]]\naetitle = "A"',  # the typing error, not the key it leaves missing
            "peer 2: unknown key 'aetitle'; did you mean 'ae_title'?",
        ),
        ('[[listener]]\nHost = "a"', "listener 1: unknown key 'Host'; did you mean 'host'?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(file, text, sentence):
    assert refusal(file(text)) == f"anode.toml: {sentence}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[listener]]\nport = 99999", "listener 1: port must be between 1 and 65535, not 99999"),
        ("[[listener]]\nport = true", "listener 1: port must be a whole number, not True"),
        ('[[listener]]\nport = "104"', "listener 1: port must be a whole number, not '104'"),
        (
            '[[listener]]\nhost = "10.0.0.300"',
            "listener 1: host must be an IP address or a host name, not '10.0.0.300'",
        ),
        ("[[listener]]\n[[listener]]", "listener 2: 127.0.0.1:11112 is taken by another"),
        ("[listener]\nport = 104", "listener must be written [[listener]], one for each"),
        ("listener = []", "listener must not be empty; leave it out for the default"),
        ("node = 3", "node must be a table, not 3"),
        ("[node]\ndata = 3", "node: data must be text, not 3"),
        ("[node]\nworkers = 65", "node: workers must be at most 64, not 65"),
        (
            '[archive]\ncheck = "on"',
            "archive: check must be 'off', 'warn' or 'reject', not 'on'",
        ),
        (
            '[archive.check_classes]\nCTImageStorag = "warn"',
            (
                "archive: check_classes: 'CTImageStorag' is no storage SOP class and no group of "
                "them; did you mean 'CTImageStorage'?"
            ),
        ),
        (
            '[archive.check_classes]\nimage = "deny"',
            "archive: check_classes: 'image' must be one of off, warn, reject, not 'deny'",
        ),
        ("[node]\nworkers = -1", "node: workers must be at least 0, not -1"),
        ('[node]\nindex = "mysql"', "node: index must be \"sqlite\", not 'mysql'"),
        ("[limits]\npdu = 1", "limits: pdu must be at least 4096, not 1"),
        ("[limits]\ncontexts = 129", "limits: contexts must be at most 128, not 129"),
        ("[limits]\nidle_seconds = 0", "limits: idle_seconds must be more than 0, not 0"),
        ('[[peer]]\nae_title = "A"', "peer 1: host is missing"),
        ('peer = ["A"]', "peer 1 must be a table, not 'A'"),
        (
            '[[peer]]\nae_title = "A"\nhost = "10.0.0.5/24"',
            (
                "peer 1: host must be a host or a network like 10.0.0.0/24 "
                "(10.0.0.5/24 has host bits set)"
            ),
        ),
        (
            '[[peer]]\nae_title = "A"\nhost = "10.0.0.0/24"\nport = 104',
            "peer 1: port needs one host to call, and 10.0.0.0/24 is a network",
        ),
        (
            f'{PEER}may = ["echo", "ech"]',
            (
                "peer 1: may must hold only echo, store, find, move, get, commit, not 'ech'; "
                "did you mean 'echo'?"
            ),
        ),
        (f"{PEER}move_to = [3]", "peer 1: move_to must be text, not 3"),
        (
            '[access]\nunknown_peers = "nay"',
            'access: unknown_peers must be "reject" or a list like ["echo", "store"], not \'nay\'',
        ),
        (
            "[access]\nunknown_peers = []",
            'access: unknown_peers must be "reject" or a list like ["echo", "store"], not []',
        ),
        (
            '[archive]\nsync = "alway"',
            "archive: sync must be 'always' or 'lazy', not 'alway'; did you mean 'always'?",
        ),
        ("[log]\nlevel = 3", "log: level must be 'debug', 'info', 'warning' or 'error', not 3"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(file, text, sentence):
    assert refusal(file(text)) == f"anode.toml: {sentence}"


@pytest.mark.parametrize(
    ("title", "end"),
    [
        ("", "must not be empty or only spaces"),
        ("    ", "must not be empty or only spaces"),
        ("SEVENTEEN_LETTERS", "must be at most 16 characters, not the 17 of 'SEVENTEEN_LETTERS'"),
        ("A\\B", "must be printable ASCII without a backslash, not 'A\\\\B'"),
        ("RÖNTGEN", "must be printable ASCII without a backslash, not 'RÖNTGEN'"),
        ("A\tB", "must be printable ASCII without a backslash, not 'A\\tB'"),
        ("A\x7f", "must be printable ASCII without a backslash, not 'A\\x7f'"),
    ],
)
def test_an_ae_title_obeys_ps3_5_6_2(file, title, end):
    escaped = "".join(f"\\u{ord(each):04x}" for each in title)
    assert refusal(file(f'[node]\nae_title = "{escaped}"')) == f"anode.toml: node: ae_title {end}"


@given(st.text(st.characters(codec="ascii"), max_size=20))
def test_whatever_passes_as_an_ae_title_is_one(text):
    try:
        title = addresses.ae_title(text)
    except ValueError as error:
        said, title = str(error), "REFUSED"
    else:
        said = "must "
    assert said.startswith("must ")
    assert 1 <= len(title) <= 16
    assert title == title.strip()
    assert title.isprintable()
    assert "\\" not in title


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_without_peers_loopback_is_served(file, host):
    assert load(file(f'[[listener]]\nhost = "{host}"'), {}).admits_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "fe80::1", "pacs.example"])
def test_without_peers_nothing_else_is(file, host):
    text = f'[[listener]]\n[[listener]]\nhost = "{host}"\n'
    said = refusal(file(text))
    assert said.startswith("anode.toml: listener 2: with no [[peer]] the node listens on loopback")
    for advice in (host, "add a [[peer]]", '"127.0.0.1"', "[access] unknown_peers"):
        assert advice in said
    assert refusal(file(text + '[access]\nunknown_peers = "reject"\n')) == said
    load(file(text + '[access]\nunknown_peers = ["echo"]\n'), {})
    load(file(text + PEER), {})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PEER + PEER, "peer 2: CT1 is already a peer; keep one entry"),
        (
            f'{PEER}move_to = ["CT2"]',
            "peer 1: move_to names CT2, which is no [[peer]]; did you mean 'CT1'?",
        ),
        (
            f'{PEER}move_to = ["WS1"]\n[[peer]]\nae_title = "WS1"\nhost = "10.0.0.6"',
            "peer 1: move_to names WS1, whose [[peer]] has no port to call",
        ),
    ],
)
def test_peers_are_unique_and_destinations_reachable(file, text, sentence):
    assert refusal(file(text)) == f"anode.toml: {sentence}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[listener]]\ntls = "rfc9325"', "listener 1: tls needs a certificate and its key"),
        (
            f"[[listener]]\n{OWN}",
            "listener 1: tls needs a ca to know clients by their certificates; name the file, or",
        ),
        (
            f'[[listener]]\n{OWN}client_certificate = "none"\ncrl = "ca.crl"',
            "listener 1: crl means nothing without the ca",
        ),
        (
            PEER.replace("port = 104", 'tls = "bcp195"'),
            "peer 1: tls says how we call it, and there is no port",
        ),
        (f'{PEER}tls = "bcp195"', "peer 1: tls needs a [[listener]] with tls and a"),
        (
            f'{PEER}certificate = "dns:ct1.example"',
            "peer 1: certificate binds CT1 to one, and no [[listener]] has tls and a ca",
        ),
        (f'{PEER}certificate = "ct1"', 'peer 1: certificate must begin with "spki-sha256:"'),
        ('[[listener]]\ncertificate = "a.crt"', "listener 1: certificate means nothing without"),
        (
            '[[listener]]\nclient_certificate = "required"',
            "listener 1: client_certificate means nothing without tls",
        ),
        ('[[listener]]\ntls = "rfc9352"', "listener 1: tls must be 'rfc9325', "),
        (
            '[node]\nindex = "postgresql://me:secret@host/db"',
            'node: index on PostgreSQL is not built yet in this version; use "sqlite"',
        ),
    ],
)
def test_what_means_nothing_or_is_not_built_yet_is_refused_not_ignored(file, text, sentence):
    said = refusal(file(text))
    assert said.startswith(f"anode.toml: {sentence}")
    assert "secret" not in said


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x =", "anode.toml: not TOML: Invalid value (at end of document)"),
        (b"\xff\xfe", "anode.toml: not UTF-8 text at byte 0"),
    ],
)
def test_a_file_that_is_not_toml_is_refused(file, content, sentence):
    assert refusal(file(content)) == sentence


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path):
    said = refusal(tmp_path / "anode.toml")
    assert said == "anode.toml: no such file; `anode init` writes one"
    assert refusal(tmp_path).endswith("cannot be read: Is a directory")


def test_a_byte_order_mark_is_no_key(file):
    assert load(file('\ufeff[node]\nae_title = "BOM"'), {}).node.ae_title == "BOM"


@pytest.mark.parametrize(
    ("name", "value", "path", "expected"),
    [
        ("ANODE__NODE__AE_TITLE", "123", "node.ae_title", "123"),
        ("ANODE__NODE__WORKERS", "1", "node.workers", 1),
        ("ANODE__LISTENER__1__PORT", "4242", "listener.0.port", 4242),
        ("ANODE__LISTENER__2__PORT", "4343", "listener.1.port", 4343),
        ("ANODE__PEER__1__MAY", '["echo"]', "peer.0.may", ("echo",)),
        ("ANODE__ACCESS__UNKNOWN_PEERS", '["find"]', "access.unknown_peers", ("find",)),
        ("ANODE__ACCESS__UNKNOWN_PEERS", "reject", "access.unknown_peers", "reject"),
        ("ANODE__PEER__1__RETRIEVE_WHOLE", '["models"]', "peer.0.retrieve_whole", ("models",)),
        ("ANODE__PEER__1__RETRIEVE_WHOLE", "true", "peer.0.retrieve_whole", WHOLES),
        (
            "ANODE__ARCHIVE__CHECK_CLASSES",
            '{ radiotherapy = "reject", "1.2.826.0.1.1" = "off" }',
            "archive.check_classes",
            {"radiotherapy": "reject", "1.2.826.0.1.1": "off"},
        ),
        ("ANODE__LIMITS__IDLE_SECONDS", "2.5", "limits.idle_seconds", 2.5),
        ("ANODE__LOG__FORMAT", "json", "log.format", "json"),
        ("ANODE__AUDIT__ENABLED", "false", "audit.enabled", False),
        ("ANODE__AUDIT__KEEP_DAYS", "30", "audit.keep_days", 30),
    ],
)
def test_the_environment_overrides_the_file(file, name, value, path, expected):
    found = load(file(f"[[listener]]\nport = 104\n{PEER}"), {name: value, "ANODE": "x"})
    for step in path.split("."):
        found = found[int(step)] if step.isdigit() else getattr(found, step)
    assert found == expected


def test_entries_are_added_in_order_of_their_numbers():
    environ = {
        f"ANODE__LISTENER__{number}__PORT": str(1000 + number) for number in range(12, 0, -1)
    }
    assert [each.port for each in load(None, environ).listener] == list(range(1001, 1013))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ANODE__NODE__AETITLE", "A", "node: unknown key 'aetitle'; did you mean 'ae_title'?"),
        ("ANODE__LIMITS__PDU", "big", "limits: pdu must be a whole number, not 'big'"),
        ("ANODE__LISTENER__1__PORT", "x", "listener 1: port must be a whole number, not 'x'"),
        ("ANODE__LISTENER__PORT", "104", "listener must be written [[listener]], one for each"),
        (
            "ANODE__LISTENER__3__PORT",
            "1",
            "there are 0 [[listener]], so the number must be between",
        ),
        (
            "ANODE__LISTENER__0__PORT",
            "1",
            "there are 0 [[listener]], so the number must be between",
        ),
        (
            "ANODE__ARCHIVE__CHECK_CLASSES",
            "radiotherapy",
            'archive: check_classes must be a table like { radiotherapy = "reject" }',
        ),
        ("ANODE__NODE", "A", "must be like ANODE__NODE__AE_TITLE or ANODE__LISTENER__1__PORT"),
        ("ANODE__NODE____A", "A", "must be like ANODE__NODE__AE_TITLE or "),
        ("ANODE__", "A", "must be like ANODE__NODE__AE_TITLE or ANODE__LISTENER__1__PORT"),
        ("ANODE__ACCESS__UNKNOWN_PEERS", "[echo", 'access: unknown_peers must be "reject"'),
    ],
)
def test_a_wrong_override_is_refused_by_its_own_name(name, value, sentence):
    assert refusal(None, {name: value}).startswith(f"{name}: {sentence}")


def test_an_override_does_not_fit_what_the_file_holds(file):
    said = refusal(file("node = 3"), {"ANODE__NODE__AE_TITLE": "A"})
    assert said == "ANODE__NODE__AE_TITLE: node is not a table in the file"
    said = refusal(file("[[listener]]"), {"ANODE__LISTENER__PORT": "104"})
    assert said.startswith("ANODE__LISTENER__PORT: listener is a list: number its entries")


@given(st.dictionaries(st.text("ANODE_1", max_size=12).map("ANODE__".__add__), st.text()))
def test_any_environment_gives_settings_or_one_sentence(environ):
    said = ""
    try:
        load(None, environ)
    except ConfigError as error:
        said = str(error)
    assert "\n" not in said


def _keys():
    """Every key of the file with the JSON types its value may have."""
    schema = Settings.model_json_schema(mode="validation")
    for section, about in schema["properties"].items():
        reference = about.get("$ref") or about["items"]["$ref"]
        for key, field in schema["$defs"][reference.rpartition("/")[2]]["properties"].items():
            yield section, key, {each.get("type") for each in field.get("anyOf", [field])}


@pytest.mark.parametrize(("section", "key", "kinds"), list(_keys()))
def test_the_environment_knows_which_keys_are_numbers(section, key, kinds):
    numeric = section == loading.NUMERIC_SECTION or key in loading.NUMBERS
    assert bool({"integer", "number"} & kinds) is numeric


def test_a_limit_says_what_it_bounds_and_in_which_unit():
    for field in Limits.model_fields.values():
        assert field.description
        assert field.json_schema_extra["unit"]


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.481.99"])
def test_a_uid_of_dicom_that_is_no_storage_class_is_not_checked_in_silence(file, uid):
    said = refusal(file(f'[archive.check_classes]\n"{uid}" = "reject"'))
    assert (
        f"check_classes: '{uid}' is no storage SOP class and no group of them; groups are" in said
    )


@pytest.mark.parametrize("title", ["ANODE", 'A"B', "A 'B'", "{x}", "#1"])
def test_the_starter_loads_as_it_stands(file, title, tmp_path):
    text = starter(title, 4242)
    settings = load(file(text), {})
    assert settings == Settings(
        node=Node(ae_title=title, data=tmp_path / "anode-data"), listener=(Listener(port=4242),)
    )


def test_the_peer_the_starter_proposes_loads_too(file):
    lines = starter("ANODE", 104).splitlines()
    marked = [line.removeprefix("# ") for line in lines]
    begin, end = marked.index("[[peer]]"), marked.index("[[user]]")
    (peer,) = tomllib.loads("\n".join(marked[begin:end]))["peer"]
    assert Peer(**peer).destinations == ("CT1",)
    # Taking the comment signs away in the file works as well.
    lines[begin:end] = marked[begin:end]
    assert load(file("\n".join(lines)), {}).peer[0].ae_title == "CT1"


@pytest.mark.parametrize(("title", "port"), [("", 104), ("A\\B", 104), ("ANODE", 0)])
def test_the_starter_refuses_what_it_could_not_load(title, port):
    with pytest.raises(ValueError, match="must"):
        starter(title, port)

import pytest

from harness.tlog import errors, keys, reader, trust_root
from harness.tlog.reader import Node
from tests.unit.harness.tlog.chain import key, sign, spki


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a":1,"a":1}', "same key twice"),
        (b"[9007199254740992]", "beyond"),
        (b"[-9007199254740992]", "beyond"),
        (b"[" + b"9" * 5000 + b"]", "beyond"),
        (b"[1.0]", "not an integer"),
        (b"[1e2]", "not an integer"),
        (b"[NaN]", "not an integer"),
        (b"[-Infinity]", "not an integer"),
        (b'["\\ud800"]', "not plain JSON"),
        (b'["\xff"]', "not plain JSON"),
        (b"\xef\xbb\xbf[]", "not plain JSON"),
        (b"[1] 2", "not plain JSON"),
        (b"[" * 10_000 + b"]" * 10_000, "not plain JSON"),
        (b"[" + b" " * 1_000_000 + b"]", "too large"),
    ],
)
def test_loose_json_is_refused(data, message):
    with pytest.raises(errors.ReadError, match=message):
        reader.load(data, 100_000)


def test_the_largest_integers_are_read():
    assert reader.load(b"[9007199254740991,-9007199254740991]", 100) == [2**53 - 1, 1 - 2**53]


@pytest.mark.parametrize("text", ["A", "AA", "AAA", "AAB=", "AA==\n", " AAAA", "AA-_", "A===", "é"])
def test_loose_base64_is_refused(text):
    with pytest.raises(errors.ReadError):
        reader.from_base64(text)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (True, lambda n: n.integer()),
        (-1, lambda n: n.integer()),
        ("1", lambda n: n.integer()),
        (None, lambda n: n.text()),
        (1, lambda n: n.flag()),
        ("sha256:" + "A" * 64, lambda n: n.digest()),
        ("sha256:" + "a" * 64 + "\n", lambda n: n.digest()),
        ("2026-01-01T00:00:00", lambda n: n.time()),
        ("2026-13-01T00:00:00Z", lambda n: n.time()),
        ("2026-01-01T00:00:00+00:00", lambda n: n.time()),
        ("1.00", lambda n: n.thousandths()),
        ("-0.000", lambda n: n.thousandths()),
        ("01.000", lambda n: n.thousandths()),
        ("1.000\n", lambda n: n.thousandths()),
        ({}, lambda n: n.items()),
        ([0] * 4, lambda n: n.items(3)),
        ([], lambda n: n["field"]),
        ({}, lambda n: n["field"]),
        ({"a": 1, "b": 2}, lambda n: n.exactly("a")),
        ({"a": 1}, lambda n: n.exactly("a", "b")),
        ("AAB=", lambda n: n.bytes()),
    ],
)
def test_other_forms_are_refused_without_quoting_them(value, read):
    with pytest.raises(errors.ReadError, match=r"^here ") as caught:
        read(Node(value, "here"))
    assert str(value) not in str(caught.value) or value in (-1, 1, "1", "A")


def test_places_are_named_by_field():
    node = Node({"list": [{"x": 1}, {"x": "no"}]}, "report")
    with pytest.raises(errors.ReadError, match=r"report\.list\[1\]\.x is not an integer"):
        node["list"].items()[1]["x"].integer()


def test_a_point_off_the_curve_is_no_key():
    broken = spki("server")[:-1] + bytes([spki("server")[-1] ^ 1])
    with pytest.raises(errors.PublicKeyError, match="point"):
        keys.verify(broken, sign("server", b"m"), b"m")


@pytest.mark.parametrize("name", ["server", "auditor"])
def test_signatures(name):
    keys.verify(spki(name), sign(name, b"m"), b"m")
    with pytest.raises(errors.SignatureError):
        keys.verify(spki(name), sign(name, b"m"), b"n")
    with pytest.raises(errors.SignatureError):
        keys.verify(spki(name), b"", b"m")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_an_ed25519_key_is_32_bytes(length):
    with pytest.raises(errors.PublicKeyError, match="32 bytes"):
        keys.verify_ed25519(bytes(length), bytes(64), b"m")


_LOG_KEY = key("log").public_key().public_bytes_raw()


def test_a_trust_root_is_read_back():
    data = trust_root.build("assay.example/log", _LOG_KEY, spki("server"))
    root = trust_root.parse(data)
    assert (root.origin, root.log_key, root.server_key) == (
        "assay.example/log",
        _LOG_KEY,
        spki("server"),
    )
    assert trust_root.digest(data).startswith("sha256:")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"assay.trust-root/1", b"assay.trust-root/2"),
        (b'"organisations":null', b'"organisations":[]'),
        (b'{"log_key"', b'{ "log_key"'),
        (b'"organisations":null', b'"organisations":null,"more":1'),
    ],
)
def test_another_trust_root_is_refused(old, new):
    data = trust_root.build("assay.example/log", _LOG_KEY, spki("server"))
    assert old in data
    with pytest.raises(errors.ReadError):
        trust_root.parse(data.replace(old, new))


def test_a_trust_root_of_other_keys_is_not_built():
    with pytest.raises(errors.ReadError):
        trust_root.build("assay.example/log", _LOG_KEY[1:], spki("server"))
    with pytest.raises(errors.PublicKeyError):
        trust_root.build("assay.example/log", _LOG_KEY, _LOG_KEY)

"""Where the credential may be: in the vendor's request, and nowhere else."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.gateway.gateway_process import PROTOCOL, SECRET
from tests.integration.gateway.scripted_vendor import (
    ScriptedVendor,
    normal,
    raw_body,
    reflect,
    status,
)


def proc(gateway, name):
    return Path(f"/proc/{gateway.process.pid}/{name}").read_bytes()


def test_the_credential_is_not_in_the_process_table(vendor, launch):
    gateway = launch(vendor.base_url, environment={"CONTROL": "control-value"})
    gateway.ask()
    assert b"control-value" in proc(gateway, "environ")  # the positive controls
    assert b"--grant-fd" in proc(gateway, "cmdline")
    assert SECRET.encode() in vendor.seen[0].raw
    for place in ("environ", "cmdline", "status", "maps", "comm"):
        assert SECRET.encode() not in proc(gateway, place), place


def test_no_process_of_the_same_user_may_read_its_memory(gateway):
    owner = Path(f"/proc/{gateway.process.pid}/environ").stat().st_uid
    limits = proc(gateway, "limits").decode()
    assert owner == 0  # of a process that is not dumpable /proc belongs to root
    core = next(line for line in limits.splitlines() if line.startswith("Max core"))
    assert core.split()[4:6] == ["0", "0"]


def test_the_credential_is_in_no_reply_and_no_event(vendor, launch):
    gateway = launch(vendor.base_url, retries=0)
    everything = []
    for step in (
        normal(),
        reflect("400 Bad Request"),
        reflect("200 OK"),
        status("401 Unauthorized", f"X-Key: {SECRET}", body=SECRET.encode()),
        raw_body(f'{{"error": "{SECRET}"}}'.encode()),
    ):
        vendor.plays(step)
        everything.append(gateway.chat())
    everything.append(gateway.request("GET", "/v1/models"))
    gateway.stop()
    everything += [gateway.raw, gateway.process.stderr.read()]
    assert PROTOCOL in str(everything)  # the positive control: events were recorded
    assert SECRET not in str(everything)


def test_an_order_that_cannot_be_enforced_starts_nothing(vendor, launch):
    gateway = launch(vendor.base_url, credentials={"target": "a\nb"}, listening=False)
    assert gateway.process.wait(30) == 2
    assert gateway.process.stderr.read() == b"gateway: refused: credentials\n"
    assert not Path(gateway.socket).exists()


@pytest.fixture
def certificate(tmp_path):
    """A certificate for localhost, signed by itself: (file, server's context)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return file, context


def test_https_with_a_trusted_certificate(certificate, launch):
    file, context = certificate
    vendor = ScriptedVendor(tls=context)
    gateway = launch(vendor.base_url, environment={"SSL_CERT_FILE": str(file)})
    assert gateway.ask() == "four"
    assert gateway.ask() == "four"
    assert vendor.connections == 1
    vendor.stop()


def test_an_untrusted_certificate_gets_neither_request_nor_credential(certificate, launch):
    vendor = ScriptedVendor(tls=certificate[1])
    gateway = launch(vendor.base_url, retries=0)
    with gateway.connect(timeout=0.1) as client:
        gateway.send_chat(client)
        gateway.wait_for("vendor_down")
        with pytest.raises(TimeoutError):
            client.recv(1)
    assert vendor.seen == []
    vendor.stop()

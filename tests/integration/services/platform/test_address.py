"""Where the web is, and when passwords would cross a network in clear text."""

import pytest

from harness.config import Settings
from harness.services.platform import address


@pytest.mark.parametrize(
    ("listen", "public_url", "variable"),
    [
        ("127.0.0.1:8000", "", ""),
        ("localhost:8000", "", ""),
        ("[::1]:8000", "http://localhost:8000", ""),
        ("127.0.0.1:8000", "https://assay.example", ""),
        ("0.0.0.0:8000", "https://assay.example", ""),
        ("0.0.0.0:8000", "", "ASSAY_LISTEN"),
        ("[::]:8000", "", "ASSAY_LISTEN"),
        ("192.0.2.7:8000", "http://localhost", "ASSAY_LISTEN"),
        ("assay.example:8000", "", "ASSAY_LISTEN"),
        ("127.0.0.1:8000", "http://assay.example", "ASSAY_PUBLIC_URL"),
    ],
)
def test_no_password_in_clear_text_between_machines(listen, public_url, variable):
    settings = Settings(listen=listen, public_url=public_url)
    assert address.exposed(settings).partition(":")[0] == variable
    assert address.cookies(settings).ok is (variable == "")


def test_the_address_that_people_type():
    assert address.public_url(Settings(listen="127.0.0.1:0"), 4711) == "http://127.0.0.1:4711"
    assert address.public_url(Settings(listen="[::1]:8000"), 8000) == "http://[::1]:8000"
    behind = Settings(listen="127.0.0.1:0", public_url="https://assay.example")
    assert address.public_url(behind, 4711) == "https://assay.example"
    assert address.listen_at(Settings(listen="[::1]:8000")) == ("::1", 8000)

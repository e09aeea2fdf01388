"""What the parties saw before signing is what they signed: the protocol holds its digest."""

import pytest

from harness.documents import canonical
from harness.documents import protocol as protocol_document
from harness.services.agreements import preview
from harness.services.agreements.terms import Terms
from tests.support import world as worlds


@pytest.fixture(scope="module")
def drafted(tmp_path_factory):
    world = worlds.make(tmp_path_factory.mktemp("preview") / "data")
    world.image()
    world.model()
    digest = world.suite(worlds.suite_files(worlds.simple_questions(40)))
    yield [world.draft(digest, Terms(epochs=epochs)) for epochs in (1, 3)]
    world.platform.database.close()


def test_the_protocol_holds_the_digest_of_the_report_that_is_shown(drafted):
    """With epochs, too: an interval over means of several answers is another one."""
    shown = []
    for body in drafted:
        protocol = protocol_document.parse(body)
        metrics = list(preview.of(protocol).metrics)
        assert protocol.disclosure.preview == canonical.digest(canonical.dumps(metrics))
        shown.append(metrics)
    assert shown[0] != shown[1]

"""Images that bring more than files, and runtimes that are not there: no run starts on either.

What each line would do beside a run is the reason it is refused: a volume is writable disk under
a read-only root, a variable reaches every process, a health check is a process nobody asked for.
"""

import contextlib
import secrets
from dataclasses import replace

import docker
import pytest

from sandbox.container import images
from sandbox.container.labels import OWNER as OWNER_LABEL
from sandbox.container.labels import WIRE
from sandbox.errors import ImageRefused
from sandbox.spec import Ending
from tests.integration.sandbox.guests import ANSWER_ALL, OWNER, carry_out, container_of

pytestmark = pytest.mark.docker


@pytest.fixture
def image_with(own_engine, own, own_image):
    """Make the scripted image with one more line of a Dockerfile."""
    made = []
    with contextlib.closing(docker.APIClient(own_engine.url)) as client:

        def make(change):
            body = {"Image": own_image, "Cmd": ["true"], "NetworkDisabled": True}
            container = client.create_container_from_config(body)["Id"]
            try:
                made.append(client.commit(container, changes=change)["Id"])
            finally:
                client.remove_container(container, v=True)
            return made[-1]

        yield make
    for image in made:
        own.remove_image(image)


@pytest.fixture
def brought_along(own_engine, own):
    """What a container made with nothing but the image is configured with."""
    with contextlib.closing(docker.APIClient(own_engine.url)) as client:

        def look(image):
            body = {"Image": image, "Cmd": ["true"], "NetworkDisabled": True}
            made = client.create_container_from_config(body)["Id"]
            try:
                return client.inspect_container(made)["Config"]
            finally:
                client.remove_container(made, v=True)

        yield look


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("VOLUME /data", "Volumes"),
        ("ENV LD_PRELOAD=/evil.so", "Env"),
        ("HEALTHCHECK CMD /usr/bin/true", "Healthcheck"),
        ("EXPOSE 80", "ExposedPorts"),
        ('ENTRYPOINT ["/usr/bin/true"]', "Entrypoint"),
    ],
)
def test_an_image_that_brings_more_is_refused_before_it_starts(
    own, own_guest, held, image_with, brought_along, own_image, line, found
):
    image = image_with(line)
    with pytest.raises(ImageRefused, match=found):
        images.admit(own, image)
    assert brought_along(image)[found] != brought_along(own_image).get(found), "a plain one has it"
    result = carry_out(replace(own_guest(ANSWER_ALL), image=image), own)
    # The engine lets a request's empty entry point win: then there is nothing to refuse.
    if found == "Entrypoint":
        assert result.ending is Ending.COMPLETE
    else:
        assert (result.ending, result.code) == (Ending.START_REFUSED, "control_missing")
    own.remove_image(image)


def test_an_image_with_labels_of_a_run_is_not_admitted_and_passes_for_nobody(
    own, own_guest, held, image_with, brought_along
):
    image = image_with(f"LABEL {OWNER_LABEL}=somebody")
    with pytest.raises(ImageRefused, match="label"):
        images.admit(own, image)
    assert brought_along(image)["Labels"][OWNER_LABEL] == "somebody", "a plain one has it"
    spec = replace(own_guest(ANSWER_ALL), image=image)
    made = own.create(container_of(spec, run=secrets.token_hex(4)))
    assert [one.id for one in own.list(OWNER)] == [made]
    assert own.list("somebody") == ()
    own.remove(made)
    assert carry_out(spec, own).ending is Ending.COMPLETE
    own.remove_image(image)


def test_an_image_with_words_for_builds_is_not_admitted(own, own_guest, held, image_with):
    image = image_with("ONBUILD RUN /usr/bin/true")
    assert own.image(image)["Config"]["OnBuild"]
    with pytest.raises(ImageRefused, match="OnBuild"):
        images.admit(own, image)
    # No container ever takes it along.
    assert carry_out(replace(own_guest(ANSWER_ALL), image=image), own).ending is Ending.COMPLETE
    own.remove_image(image)


@pytest.mark.parametrize("version", ["1", "3", ""])
def test_an_image_of_another_wire_is_refused_before_it_starts(own, held, image_with, version):
    image = image_with(f'LABEL {WIRE}="{version}"')
    with pytest.raises(ImageRefused, match="assay images build") as refused:
        images.admit(own, image)
    assert refused.value.code == "image_outdated"
    own.remove_image(image)


def test_the_same_image_with_nothing_more_is_admitted_and_runs(own, own_guest, held, image_with):
    image = image_with("WORKDIR /work")
    images.admit(own, image)
    assert carry_out(replace(own_guest(ANSWER_ALL), image=image), own).ending is Ending.COMPLETE
    own.remove_image(image)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("kata", "spec_refused"),  # the engine knows none of this name
        ("gone", "start_refused"),  # it does, and there is no such program
    ],
)
def test_a_missing_runtime_is_no_reason_to_take_another(own, own_guest, held, name, code):
    result = carry_out(replace(own_guest(ANSWER_ALL), runtime=name), own)
    assert (result.ending, result.code) == (Ending.START_REFUSED, code)
    assert not result.reply_reached_guest

"""One arena for all hostile tests of a process, and what was played in it."""

import pytest

from tests.hostile.game import protocols
from tests.hostile.game.play import Game


@pytest.fixture(scope="session")
def game(tmp_path_factory) -> Game:
    return Game(protocols.build(tmp_path_factory.mktemp("arena")))

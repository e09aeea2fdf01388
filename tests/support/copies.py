"""Worlds that are made once and copied: what one test does to its copy no other test sees."""

import shutil
from dataclasses import replace
from pathlib import Path

from harness.config import Settings
from harness.records.database import Database
from tests.support.world import World


def copy(world: World, folder: Path, **settings: object) -> World:
    """The same world on a data folder of its own. The original must be at rest."""
    world.platform.database.close()
    shutil.copytree(world.platform.settings.data_dir, folder)
    chosen = Settings(data_dir=folder, **settings)
    platform = replace(world.platform, settings=chosen, database=Database(chosen.database))
    return World(platform, dict(world.keys))

"""Yesterday's database put back after a real run: no bits come back with it."""

import shutil

import pytest

from harness.errors import BudgetSpent
from harness.records import runs
from harness.services.states import Run
from tests.integration.worker.rig import TERMS

pytestmark = [pytest.mark.docker, pytest.mark.slow]

# A report on completion of twenty samples costs 9.2 bits: the ledger pays for one.
ONCE = TERMS.model_copy(update={"ledger_pair": 12})


def test_a_suite_that_was_paid_for_is_not_run_again(rig, tmp_path):
    protocol = rig.world.agree(rig.suite, ONCE)
    place, kept = rig.platform.settings.data_dir / "assay.sqlite3", tmp_path / "yesterday.sqlite3"
    rig.database.close()
    shutil.copyfile(place, kept)
    rig.vendor.release()
    worker = rig.start()
    first = rig.start_run(protocol)
    rig.wait_for(first, "RELEASED")
    rig.check_released(first)
    assert worker.stop(30) == 0
    asked = len(rig.vendor.seen)

    rig.database.close()
    for side in place.parent.glob("assay.sqlite3-*"):
        side.unlink()
    shutil.copyfile(kept, place)
    for part in ("worker", "serve"):
        said = rig.assay(part)
        assert said.returncode == 1, said.stdout
        assert "assay ledger rebuild" in " ".join(said.stderr.split())
    assert len(rig.vendor.seen) == asked

    said = rig.assay("ledger", "rebuild")
    assert said.returncode == 0, said.stderr
    with rig.database.read() as session:
        assert runs.get(session, first).state in {Run.RELEASED, Run.FAILED}
    with pytest.raises(BudgetSpent):
        rig.start_run(protocol)

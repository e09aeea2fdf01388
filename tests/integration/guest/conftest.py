"""The small suite and gateway of the guest's unit tests, for real processes here."""

from tests.unit.evals.conftest import author_files, gateway, run_dir, suite_files

__all__ = ["author_files", "gateway", "run_dir", "suite_files"]

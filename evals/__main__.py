"""`python -m evals [RUN_DIR]` runs the suite of a run directory."""

import sys

from evals import runner

if __name__ == "__main__":
    sys.exit(runner.main(sys.argv[1] if len(sys.argv) > 1 else runner.RUN_DIR))

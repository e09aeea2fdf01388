"""Measures Assay against what others do; `python -m benchmarks` prints the table."""

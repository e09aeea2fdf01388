"""The programs and texts the catalog's suites are generated from."""

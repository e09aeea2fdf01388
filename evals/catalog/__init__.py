"""Suites that Assay ships, written by us."""

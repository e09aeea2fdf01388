"""Runs: reserving a slot, carrying it out in the sandbox, ending it."""

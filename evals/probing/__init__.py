"""Probes of the sandbox, by what they look at."""

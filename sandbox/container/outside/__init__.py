"""Probes of the sandbox from outside: what the host sees while a guest misbehaves."""

"""Agreements: drafting, previewing, proposing and signing a protocol."""

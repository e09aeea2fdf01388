"""Bridges to evaluation frameworks; each imports its framework inside the guest only."""

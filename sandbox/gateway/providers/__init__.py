"""The vendors' dialects, one module each."""

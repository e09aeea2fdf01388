"""What the operator runs: opening, keys, images, self-tests, health."""

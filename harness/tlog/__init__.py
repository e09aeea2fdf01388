"""What was published: the transparency log, its checkpoints and its verifier."""

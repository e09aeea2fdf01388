"""What may leave: the release gate and the accountant, in exact arithmetic."""

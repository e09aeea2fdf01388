"""The gateway side of the wall: it holds the credential and never the engine."""

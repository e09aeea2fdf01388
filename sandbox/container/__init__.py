"""The container side of the wall: it holds the engine and never a credential."""

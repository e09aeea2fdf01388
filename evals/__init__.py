"""The guest: everything that runs inside the container, on the standard library alone."""

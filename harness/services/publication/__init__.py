"""Publication: appending to the log, making visible, bundling."""

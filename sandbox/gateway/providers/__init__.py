"""One module per family of vendor APIs that the gateway can call."""

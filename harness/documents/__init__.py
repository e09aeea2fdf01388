"""What is signed: pure construction and strict parsing of immutable documents."""

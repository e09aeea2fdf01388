"""The suite `verifiable_instructions`: requests and constraints that a program can check."""

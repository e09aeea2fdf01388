"""Parties: organisations, keys and models, and the statements that parties sign."""

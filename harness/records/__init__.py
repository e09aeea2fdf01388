"""What we remember: every table and every query."""

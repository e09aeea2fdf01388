"""Release: from scores in memory to a signed report, through the gate."""

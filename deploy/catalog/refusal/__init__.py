"""The suite `over_refusal`: harmless questions that sound risky, and their contrasts."""

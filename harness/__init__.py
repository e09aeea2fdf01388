"""The trusted core: parties, agreements, runs, releases and their evidence."""

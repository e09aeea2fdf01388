"""People: pages and probes over the services, without SQL or business rules."""

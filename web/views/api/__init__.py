"""`/api/v1`: the whole main job for programs; one module per noun."""

"""The demonstration: the whole main job on one machine, on real parts."""

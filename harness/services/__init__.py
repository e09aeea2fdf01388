"""What happens, in the order of the main job."""

"""The launcher: alone holds the container engine, and knows runs by their id only."""

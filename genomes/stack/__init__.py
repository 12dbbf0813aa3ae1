"""The layer-stack encoding."""

"""Models to take away."""

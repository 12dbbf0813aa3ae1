"""What a run is about: images that networks are trained on, or a table of published scores."""

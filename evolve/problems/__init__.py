"""What a run is about: images that networks are trained on, or a table of scores that are looked up."""

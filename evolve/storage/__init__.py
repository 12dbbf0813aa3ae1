"""What lies on disk: the log of a run, and files of weights and models."""

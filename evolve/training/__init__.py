"""Data, training and scoring; imported by workers only, but for data and tables."""

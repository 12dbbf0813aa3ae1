"""Training and scoring: Keras lives here. Imported by workers; others name it by path, or take what needs no Keras."""

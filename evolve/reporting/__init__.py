"""What people look at after a run: runs, candidates and models as text."""

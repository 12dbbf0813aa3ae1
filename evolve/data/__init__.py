"""Images, labels and how they are split."""

"""Networks as pictures: our own SVG, and PNG by an installed Chromium. It knows no run."""

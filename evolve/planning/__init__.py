"""From a time to the settings of a run."""

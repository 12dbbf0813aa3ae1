"""From a time to the settings of a run, and from counts to the time that they take."""

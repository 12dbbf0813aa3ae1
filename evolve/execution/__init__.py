"""Where jobs are worked on: in this process or in worker processes."""

"""The engine: asks a strategy, writes down, has evaluated, tells; and what stands around that loop."""

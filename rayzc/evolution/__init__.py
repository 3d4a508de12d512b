"""How formulas are bred: fitness, variation, selection, and one island's step. Nothing here knows Ray."""

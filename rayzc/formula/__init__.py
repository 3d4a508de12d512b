"""The language formulas are written in: expressions, parsing, printing, evaluation on arrays."""

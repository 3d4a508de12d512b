"""Tests of how formulas are bred."""

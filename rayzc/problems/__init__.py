"""What a formula is judged on: problems, and suites of them."""

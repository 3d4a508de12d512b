"""Every block of code in README, docs and the other Markdown files, run or at least parsed."""

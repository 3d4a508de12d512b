"""The displays of all kinds of runs, one file per display.

All are :class:`rayzc.cli.output.Display`: progress goes to standard error, live in a terminal and as plain lines
elsewhere, the result to standard output, as tables or as one JSON document.
"""

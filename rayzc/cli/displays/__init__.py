"""What a user sees of each kind of run, one file a display.

All are :class:`rayzc.cli.output.Display`: progress goes to standard error, live in a terminal and as plain lines
elsewhere, the result to standard output, as tables or as one JSON document.
"""

"""The sections of a report, a file for each thing that is looked at: records in, blocks out."""

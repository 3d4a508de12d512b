"""Reports: what a run found, as one page to show, as figures for papers, and as tables.

Data flow one way: the folder of a run is read into a record (:mod:`rayzc.report.records`), the parts make blocks of it
(:mod:`rayzc.report.parts`), and a page of blocks (:mod:`rayzc.report.content`) is written in one of the formats of
:mod:`rayzc.report.writing`. Nothing here changes a run, or uses Ray.
"""

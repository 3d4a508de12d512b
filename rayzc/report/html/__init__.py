"""A page as one HTML file, which needs no network: text is escaped, and scripts run only if their hash is known."""

from rayzc.report.html.page import html_of

__all__ = ["html_of"]

"""rayzc breeds better zero-cost proxies and finds networks with them."""

__version__ = "0.1.0"

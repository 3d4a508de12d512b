"""The version of rayzc: that of the newest tag when it was built or installed."""

__all__ = ["__version__"]

try:
    from rayzc._version import __version__
except ImportError:  # a checkout that is used as it is, as by `ray job submit --working-dir .`
    __version__ = "0.dev0"

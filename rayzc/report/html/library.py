"""The script of the plotting library, inlined once: Vega-Lite, which vl-convert bundles without any network."""

from functools import lru_cache

from rayzc.errors import RunError

__all__ = ["plotting_script"]


@lru_cache(maxsize=1)
def plotting_script() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script.

    Raises:
        RunError: vl-convert is not installed.
    """
    try:
        import vl_convert
    except ImportError:
        raise RunError(
            "a report as HTML needs vl-convert, which is not installed: pip install 'rayzc[report]'"
        ) from None
    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return script.replace("</script", "<\\/script")

"""Recognises files that are not suites by their first bytes, and says how to make a suite of them."""

__all__ = ["FROM_TABLE", "HEAD", "SUITE_FILES", "described"]

HEAD = 4096
"""How many bytes of a file :func:`described` looks at."""

FROM_TABLE = (
    "make a suite of it in Python: from rayzc.problems import Problem, Suite, write_suite; write_suite(Suite(name, "
    "[Problem(space, task, architectures, proxies, scores, accuracy)]), 'mine.parquet')"
)

SUITE_FILES = (
    "a suite is a Parquet file of rayzc, a zc_<space>.json file, or a folder of zc_<space>.json files"
)

_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c")


def described(head: bytes) -> str | None:
    """Says what a file is that is neither Parquet nor JSON, and what to do with it.

    Args:
        head: the first :data:`HEAD` bytes of the file, or all of it.

    Returns:
        For instance ``"a CSV table; make a suite of it in Python: ..."``; None if the file is not recognised.
    """
    if head.startswith(_PACKED):
        return "a zip or another packed file; unpack it, and give the file or the folder that it contains"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        return (
            "a web page, not the file itself: a server sends a page if it requires a login or a confirmation, or if "
            "the file has moved; open the address in a browser, and save the file from there"
        )
    if start.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        return f"a Python pickle, which rayzc does not load; {FROM_TABLE}"
    line = start.partition(b"\n")[0]
    if start.startswith((b"{", b"[")) or not _is_text(line):
        return None
    for separator, name in ((b"\t", "TSV"), (b",", "CSV"), (b";", "CSV")):
        if separator in line:
            return f"a {name} table; {FROM_TABLE}"
    return None


def _is_text(line: bytes) -> bool:
    # A line that goes beyond the head may be cut off in the middle of a character.
    return all(byte >= 32 or byte in b"\t\r" for byte in line)

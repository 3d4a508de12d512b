"""Tests of rayzc, a folder for each of its packages."""

"""Images and their classes as arrays, from files, folders and torchvision's data sets, without torch."""

from rayzc.images.data_sets import data_set, data_set_class, data_set_errors, data_set_parts
from rayzc.images.labelled import BYTE, LabelledImages, read_npz
from rayzc.images.reading import (
    SUFFIXES,
    ClassFolders,
    class_folders,
    pixels,
    read_folder,
    read_image,
    read_images,
)

__all__ = [
    "BYTE",
    "SUFFIXES",
    "ClassFolders",
    "LabelledImages",
    "class_folders",
    "data_set",
    "data_set_class",
    "data_set_errors",
    "data_set_parts",
    "pixels",
    "read_folder",
    "read_image",
    "read_images",
    "read_npz",
]

"""Image sets from files, folders and torchvision, as arrays: nothing here needs torch."""

from rayzc.images.image_set import BYTE, ImageSet, read_npz
from rayzc.images.reading import data_set_class, pixels, read_folder, read_images

__all__ = ["BYTE", "ImageSet", "data_set_class", "pixels", "read_folder", "read_images", "read_npz"]

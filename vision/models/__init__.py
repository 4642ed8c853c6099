"""What pictures of products show, and what staff decided about them."""

from vision.models.analyses import ImageAnalysis
from vision.models.duplicates import DuplicatePair, NotDuplicates, RemovedPicture
from vision.models.vectors import ImageVector

__all__ = ["DuplicatePair", "ImageAnalysis", "ImageVector", "NotDuplicates", "RemovedPicture"]

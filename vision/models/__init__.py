"""What pictures of products show, and what staff decided about them."""

from vision.models.analyses import ImageAnalysis
from vision.models.duplicates import DuplicatePair, NotDuplicates
from vision.models.labels import Label, LabelSet, ReviewDecision, TagSuggestion
from vision.models.training import ImageReading, VisionSettings
from vision.models.vectors import ImageVector

__all__ = [
    "DuplicatePair",
    "ImageAnalysis",
    "ImageReading",
    "ImageVector",
    "Label",
    "LabelSet",
    "NotDuplicates",
    "ReviewDecision",
    "TagSuggestion",
    "VisionSettings",
]

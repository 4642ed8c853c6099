from vision.admin.labels import LabelAdmin, LabelSetAdmin
from vision.admin.photos import ImageAnalysisAdmin

__all__ = ["ImageAnalysisAdmin", "LabelAdmin", "LabelSetAdmin"]

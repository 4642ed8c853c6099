from vision.admin.photos import ImageAnalysisAdmin

__all__ = ["ImageAnalysisAdmin"]

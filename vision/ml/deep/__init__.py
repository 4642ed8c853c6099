"""Networks that read pictures. TensorFlow is imported inside functions only and runs in jobs of the `deep` queue."""

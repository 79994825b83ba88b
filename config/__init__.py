"""What we are told: settings, limits and the catalogue of what DICOM defines."""

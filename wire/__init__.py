"""How we speak: the DICOM upper layer and DIMSE messages over a socket, PS3.7 and PS3.8."""

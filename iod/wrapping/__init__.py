"""Files as DICOM objects and back: STL, OBJ, MTL, PDF, CDA; PS3.3 A.45, A.85, C.24, C.35.

Law: what is wrapped was looked at before, in a process of its own (`inspecting`, `inspector`), so
no library that reads meshes or documents is loaded here; the bytes go in and out unchanged.
"""

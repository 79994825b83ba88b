"""What we answer: the listener, the association policy, one file per service.

Law: the process that serves holds no decoder of pixels (hostile input D12). pydicom loads numpy and
every codec it finds as it is imported; in this process it finds none, and starts faster for it.
`iod.transcoding` decodes, in processes of its own.
"""

import sys

for _name in ("numpy", "PIL", "gdcm", "highdicom", "jpeg_ls", "pylibjpeg"):
    if _name not in sys.modules:
        sys.modules[_name] = None  # type: ignore[assignment] # an import of it fails

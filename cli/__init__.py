"""What people type: the `anode` command."""

import scp  # noqa: F401 - first of all: it keeps decoders out of this process

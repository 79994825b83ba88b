"""What can be wrong with what we are told: one error, one clear sentence.

ConfigError
    the configuration file, the environment or an address given by a person cannot be used
"""


class ConfigError(ValueError):
    """The message says where, what is wrong and what to do; show it as it is."""

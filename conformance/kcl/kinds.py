"""The kinds of workers, by the name that the command line uses, and how each is started."""

KINDS = ("ours", "2.7.2", "3.5.1", "3.5.1-2x", "3.5.1-phase1")
OURS = None       # the program consume-stream, set by __main__
CLASS_PATHS = {}  # by version of the KCL, set by __main__


def command(kind, name, flags):
    flags = [text for flag, value in flags.items() for text in ("--" + flag.replace("_", "-"), str(value))]
    flags += ["--worker-id", name]
    if kind == "ours":
        return [OURS, *flags]
    version, _, compatible = kind.partition("-")
    flags += ["--compatible", compatible] if compatible else []
    return ["java", "-Xmx256m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", CLASS_PATHS[version],
            "Worker", *flags]


def stopped(kind):
    """The exit statuses of a worker that stopped when it was asked to."""
    # Java exits by the signal's number after its shutdown hooks.
    return (0,) if kind == "ours" else (0, 143)

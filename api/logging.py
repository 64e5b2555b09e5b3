"""Log lines: what was asked and how it went, with no personal data: no bodies, no queries, no values of any kind."""

import logging
import sys
import traceback
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger

from geo.settings import Settings

log: FilteringBoundLogger = structlog.get_logger("wangge")


def configure(settings: Settings) -> None:
    """Write our lines and the libraries' to standard error, as people or machines like to read them."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.add_logger_name,
    ]
    last = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for ours in ("wangge", "uvicorn.error"):
        logging.getLogger(ours).setLevel(settings.log_level.upper())
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # it writes texts of faults, which repeat data
    logging.getLogger("uvicorn.access").disabled = True  # it writes whole addresses, with what people search for


def place_of(error: BaseException) -> dict[str, str]:
    """What failed and where, without the message: a database's error text repeats the values it was given."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return {"error": type(error).__name__, "where": where}

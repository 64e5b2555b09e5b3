"""The few things an operator may set, each read from the environment with the prefix ``WANGGE_``."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """Operator settings; every field has a default that suits one machine."""

    model_config = SettingsConfigDict(env_prefix="WANGGE_", frozen=True)

    state_dir: Path = Field(default=CHECKOUT / "var", description="Where the embedded database and indexes live.")
    dsn: str | None = Field(default=None, description="A managed PostgreSQL server, used in place of the embedded one.")
    postgres_bin: Path | None = Field(default=None, description="The folder of initdb and pg_ctl; found if not set.")
    postgres_account: str = Field(default="postgres", description="The account that runs the cluster if we are root.")
    pool_size: int = Field(default=8, ge=1, le=200, description="Most database connections of one process.")
    host: str = Field(default="127.0.0.1", description="The address the service listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="The port the service listens on.")
    hosts: str = Field(default="", description="Names that the service answers to beside this machine's, with commas.")
    behind_proxy: bool = Field(default=False, description="A proxy on this machine ends TLS and passes requests on.")
    tls_certificate: Path | None = Field(default=None, description="A certificate chain (PEM), to serve HTTPS.")
    tls_key: Path | None = Field(default=None, description="The certificate's private key (PEM).")
    max_body_bytes: int = Field(default=1_000_000, ge=1_000, description="The largest request body that is read.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")
    log_format: Literal["console", "json"] = Field(default="console", description="Log lines for people or machines.")
    language: Literal["zh", "en"] = Field(default="zh", description="The language of maps and pages if none is asked.")
    key_dir: Path | None = Field(default=None, description="Where keys live, apart from the data; found if not set.")
    retention_months: int = Field(default=24, ge=1, le=600, description="How long contacts and photographs are kept.")
    base_map: str = Field(default="", description="Address of outer raster tiles beneath our map, with {z} {x} {y}.")
    timezone: str = Field(default="Asia/Shanghai", description="The clock of hours, days and reports.")

    @property
    def host_names(self) -> frozenset[str]:
        """The names that the service answers to beside this machine's."""
        return frozenset(name.strip().lower() for name in self.hosts.split(",") if name.strip())


@lru_cache
def settings() -> Settings:
    """Read the environment once in a process."""
    return Settings()

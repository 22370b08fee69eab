"""Settings from RAPPORT_* environment variables and a .env file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

from crm_core.errors import ConfigError

DEFAULT_TIMEZONE = "UTC"
DEFAULT_CURRENCY = "EUR"


class Settings(BaseSettings):
    """What the environment decides. `timezone` and `currency` are set only where the environment names them."""

    model_config = SettingsConfigDict(
        env_prefix="RAPPORT_", env_ignore_empty=True, env_file=".env", extra="ignore", frozen=True
    )

    env: Literal["development", "production"] = "development"
    data_dir: Path = Path("data")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8501, ge=0, le=65535)
    public_url: str = ""
    timezone: str | None = None
    currency: str | None = None
    results_max_mb: int = Field(default=512, ge=1)
    worker_max_mb: int = Field(default=1000, ge=100)
    session_hours: int = Field(default=12, ge=1)
    alerts_minutes: int = Field(default=15, ge=0)

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError(f"'{value}' is not a time zone; give one such as Europe/London")
        return value

    @field_validator("database_url")
    @classmethod
    def _lasting_database(cls, value: str) -> str:
        if value in {"sqlite://", "sqlite:///", "sqlite:///:memory:"}:
            raise ValueError(
                "a database in memory would be gone at once; give a file, such as sqlite:///data/rapport.db"
            )
        return value

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str | None) -> str | None:
        if value is not None and value not in get_global("all_currencies"):
            raise ValueError(f"'{value}' is not a currency; give an ISO 4217 code such as EUR")
        return value

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.env == "production" and self.public_url and not self.public_url.startswith("https://"):
            raise ValueError("RAPPORT_PUBLIC_URL must start with https:// in production")
        if self.env == "production" and self.host not in {"127.0.0.1", "localhost", "::1"} and not self.public_url:
            raise ValueError(
                "serving other machines in production needs RAPPORT_PUBLIC_URL=https://… "
                "(sign-in cookies travel over TLS only)"
            )
        return self

    @property
    def resolved_database_url(self) -> str:
        """The database's URL: the one given, else a SQLite file in the data directory."""
        if self.database_url:
            return self.database_url
        path = (self.data_dir / "rapport.db").resolve()  # a '?' or '%' in it is part of its name, not of the address
        return URL.create("sqlite", database=str(path)).render_as_string()

    @property
    def is_cookie_secure(self) -> bool:
        """Whether cookies are sent over TLS only."""
        return self.env == "production"


def load_settings(*, database_url: str | None = None, data_dir: Path | None = None) -> Settings:
    """Settings of this process, with what the command line names on top.

    Raises:
        ConfigError: a value cannot work or is not safe; the message names the variable.
    """
    given: dict[str, object] = {}
    if database_url is not None:
        given["database_url"] = database_url
    if data_dir is not None:
        given["data_dir"] = data_dir
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "RAPPORT_" + "_".join(str(part) for part in first["loc"]).upper() if first["loc"] else "Settings"
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigError("{name}: {reason}", name=name, reason=reason) from error


def zone(name: str) -> ZoneInfo:
    """The time zone of that name."""
    return ZoneInfo(name)

"""
The tables of schema ``wangge`` as SQLAlchemy Core objects, for notebooks, reports and the drift test.

The truth is the SQL in ``migrations/versions``; a test compares the two. Checks, exclusions, defaults, policies, grants
and functions have no place here: ``tests/snapshots/schema.sql`` holds those for review.
"""

from geoalchemy2 import Geometry
from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TSTZRANGE, UUID

METADATA = MetaData(schema="wangge")
PATH = Text(collation="C")  # in the C collation a subtree is a range of a btree
INSTANT = DateTime(timezone=True)


def _point() -> Geometry:
    return Geometry("POINT", srid=4326, spatial_index=False)


def _line() -> Geometry:
    return Geometry("LINESTRING", srid=4326, spatial_index=False)


def _area() -> Geometry:
    return Geometry("MULTIPOLYGON", srid=4326, spatial_index=False)


unit = Table(
    "unit",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("layer", Text, nullable=False),
    Column("made_at", INSTANT, nullable=False),
)
unit_version = Table(
    "unit_version",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("unit_id", BigInteger, ForeignKey("unit.id"), nullable=False),
    Column("parent_id", BigInteger, ForeignKey("unit.id")),
    Column("layer", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("path", PATH, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_mn", Text),
    Column("name_en", Text),
    Column("kind", Text),
    Column("geom", _area(), nullable=False),
    Column("derived", Boolean, nullable=False),
    Column("households", Integer),
    Column("synthetic", Boolean, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("valid", TSTZRANGE, nullable=False),
    Column("recorded", TSTZRANGE, nullable=False),
    Index("idx_unit_version_geom", "geom", postgresql_using="gist"),
    Index("idx_unit_version_path", "path"),
)
issued_code = Table(
    "issued_code",
    METADATA,
    Column("system", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("unit_id", BigInteger, ForeignKey("unit.id"), nullable=False),
    Column("issued_at", INSTANT, nullable=False),
)
activation = Table(
    "activation",
    METADATA,
    Column("valid", INSTANT, primary_key=True),
    Column("recorded", INSTANT, primary_key=True),
    Column("at", INSTANT, nullable=False),
)
unit_alias = Table(
    "unit_alias",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("unit_id", BigInteger, ForeignKey("unit.id"), nullable=False),
    Column("system", Text, nullable=False),
    Column("code", Text),
    Column("name", Text),
    Column("note", Text),
    Column("valid", TSTZRANGE, nullable=False),
    Index("idx_unit_alias_unit_id", "unit_id"),
)
unit_lineage = Table(
    "unit_lineage",
    METADATA,
    Column("successor_id", BigInteger, ForeignKey("unit.id"), primary_key=True),
    Column("predecessor_id", BigInteger, ForeignKey("unit.id"), primary_key=True),
    Column("at", INSTANT, primary_key=True),
    Column("area_share", REAL, nullable=False),
    Column("household_share", REAL),
    Column("incident_share", REAL),
)
edition = Table(
    "edition",
    METADATA,
    Column("valid", INSTANT, primary_key=True),
    Column("recorded", INSTANT, primary_key=True),
    Column("what", Text, primary_key=True),
)
block = Table(
    "block",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("code", Text, unique=True, nullable=False),
    Column("path", PATH, nullable=False),
    Column("geom", _area(), nullable=False),
    Column("households", Integer, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Index("idx_block_geom", "geom", postgresql_using="gist"),
    Index("idx_block_path", "path"),
)
building = Table(
    "building",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("code", Text, unique=True, nullable=False),
    Column("path", PATH, nullable=False),
    Column("name", Text),
    Column("address", Text),
    Column("use", Text),
    Column("floors", Integer),
    Column("households", Integer),
    Column("geom", _area(), nullable=False),
    Column("source", Text, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Index("idx_building_geom", "geom", postgresql_using="gist"),
    Index("idx_building_path", "path"),
)
entrance = Table(
    "entrance",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("building_id", BigInteger, ForeignKey("building.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("households", Integer),
    Column("geom", _point()),
    UniqueConstraint("building_id", "number", name="entrance_one_number"),
)
street = Table(
    "street",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("code", Text, unique=True, nullable=False),
    Column("name", Text),
    Column("class", Text, nullable=False),
    Column("oneway", Boolean, nullable=False),
    Column("from_node", BigInteger),
    Column("to_node", BigInteger),
    Column("length_m", REAL, nullable=False),
    Column("geom", _line(), nullable=False),
    Column("source", Text, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Index("idx_street_from_node", "from_node"),
    Index("idx_street_geom", "geom", postgresql_using="gist"),
)
station = Table(
    "station",
    METADATA,
    Column("id", UUID, primary_key=True),
    Column("code", Text, unique=True, nullable=False),
    Column("path", PATH, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text),
    Column("phone", Text),
    Column("geom", _point(), nullable=False),
    Column("source", Text, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Index("idx_station_geom", "geom", postgresql_using="gist"),
    Index("idx_station_path", "path"),
)
department = Table(
    "department",
    METADATA,
    Column("id", UUID, primary_key=True),
    Column("code", Text, unique=True, nullable=False),
    Column("path", PATH, nullable=False),
    Column("level", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text),
    Column("synthetic", Boolean, nullable=False),
    Index("idx_department_path", "path"),
)
team = Table(
    "team",
    METADATA,
    Column("id", UUID, primary_key=True),
    Column("code", Text, unique=True, nullable=False),
    Column("path", PATH, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("station_id", UUID, ForeignKey("station.id")),
    Column("skills", ARRAY(Text), nullable=False),
    Column("shift", Text, nullable=False),
    Column("members", Integer, nullable=False),
    Column("capacity_per_day", Integer, nullable=False),
    Column("phone", Text),
    Column("active", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Index("idx_team_path", "path"),
    Index("idx_team_station_id", "station_id"),
)
default_team = Table(
    "default_team",
    METADATA,
    Column("unit_id", BigInteger, ForeignKey("unit.id"), nullable=False),
    Column("path", PATH, nullable=False),
    Column("category", Text, nullable=False),
    Column("team_id", UUID, ForeignKey("team.id"), nullable=False),
    Column("valid", TSTZRANGE, nullable=False),
    Index("idx_default_team_path", "path"),
)
post = Table(
    "post",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("unit_id", BigInteger, ForeignKey("unit.id"), nullable=False),
    Column("path", PATH, nullable=False),
    Column("kind", Text, nullable=False),
    Column("office_phone", Text),
    Column("filled", Boolean, nullable=False),
    Column("valid", TSTZRANGE, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Index("idx_post_path", "path"),
    Index("idx_post_unit_id", "unit_id"),
)
route = Table(
    "route",
    METADATA,
    Column("id", UUID, primary_key=True),
    Column("code", Text, unique=True, nullable=False),
    Column("path", PATH, nullable=False),
    Column("team_id", UUID, ForeignKey("team.id")),
    Column("name", Text, nullable=False),
    Column("shift", Text, nullable=False),
    Column("length_m", REAL, nullable=False),
    Column("geom", _line(), nullable=False),
    Column("source", Text, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Index("idx_route_geom", "geom", postgresql_using="gist"),
    Index("idx_route_path", "path"),
)
check_point = Table(
    "check_point",
    METADATA,
    Column("route_id", UUID, ForeignKey("route.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("geom", _point(), nullable=False),
)
category = Table(
    "category",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("parent", Text, ForeignKey("category.code")),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("name_mn", Text),
    Column("priority", SmallInteger, nullable=False),
    Column("deadline_hours", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
)
channel = Table(
    "channel",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
)
load = Table(
    "load",
    METADATA,
    Column("id", UUID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("options", JSONB, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("account", Text, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_loaded", BigInteger, nullable=False),
    Column("rows_unchanged", BigInteger, nullable=False),
    Column("rows_rejected", BigInteger, nullable=False),
)
incident = Table(
    "incident",
    METADATA,
    Column("id", UUID, primary_key=True),
    Column("path", PATH, nullable=False),
    Column("unit_id", BigInteger, ForeignKey("unit.id"), nullable=False),
    Column("located", Text, nullable=False),
    Column("category", Text, ForeignKey("category.code"), nullable=False),
    Column("channel", Text, ForeignKey("channel.code"), nullable=False),
    Column("handling", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("address", Text),
    Column("building_id", BigInteger, ForeignKey("building.id")),
    Column("geom", _point(), nullable=False),
    Column("accuracy_m", REAL),
    Column("occurred_at", INSTANT, nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("due_at", INSTANT),
    Column("closed_at", INSTANT),
    Column("team_id", UUID, ForeignKey("team.id")),
    Column("department_id", UUID, ForeignKey("department.id")),
    Column("source", PATH, nullable=False),
    Column("source_key", PATH, nullable=False),
    Column("load_id", UUID, ForeignKey("load.id")),
    Column("synthetic", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("source", "source_key", name="incident_one_source_key"),
    Index("idx_incident_geom", "geom", postgresql_using="gist"),
    Index("idx_incident_path_occurred_at", "path", "occurred_at"),
    Index("idx_incident_received_at_id", "received_at", "id"),
)
incident_event = Table(
    "incident_event",
    METADATA,
    Column("incident_id", UUID, ForeignKey("incident.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("path", PATH, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("account", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("payload_version", SmallInteger, nullable=False),
    Column("payload", JSONB, nullable=False),
)
incident_change = Table(
    "incident_change",
    METADATA,
    Column("made_in", BigInteger, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("ids", ARRAY(UUID), nullable=False),
    Index("idx_incident_change_made_in", "made_in"),
)
public_figure = Table(
    "public_figure",
    METADATA,
    Column("period", Text, primary_key=True),
    Column("since", INSTANT, primary_key=True),
    Column("until", INSTANT, nullable=False),
    Column("category", Text, primary_key=True),
    Column("unit_id", BigInteger, ForeignKey("unit.id"), primary_key=True),
    Column("path", PATH, nullable=False),
    Column("incidents", BigInteger, nullable=False),
    Column("finest", Boolean, nullable=False),
    Column("published_at", INSTANT, nullable=False),
)
assignment_run = Table(
    "assignment_run",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", INSTANT, nullable=False),
    Column("account", Text, nullable=False),
    Column("edition_valid", INSTANT, nullable=False),
    Column("edition_recorded", INSTANT, nullable=False),
    Column("reason", Text, nullable=False),
)
assignment = Table(
    "assignment",
    METADATA,
    Column("incident_id", UUID, ForeignKey("incident.id"), primary_key=True),
    Column("run_id", BigInteger, ForeignKey("assignment_run.id"), primary_key=True),
    Column("path", PATH, nullable=False),
    Column("unit_id", BigInteger, nullable=False),
    Column("owner_rule", Text, nullable=False),
    Column("candidates", ARRAY(BigInteger), nullable=False),
    Column("team_id", UUID, nullable=False),
    Column("team_rule", Text, nullable=False),
    Column("team_unit_id", BigInteger, nullable=False),
)
reporter = Table(
    "reporter",
    METADATA,
    Column("incident_id", UUID, ForeignKey("incident.id"), primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("sealed", BYTEA, nullable=False),
)
incident_original = Table(
    "incident_original",
    METADATA,
    Column("incident_id", UUID, ForeignKey("incident.id"), primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("sealed", BYTEA, nullable=False),
)
photo = Table(
    "photo",
    METADATA,
    Column("incident_id", UUID, ForeignKey("incident.id"), primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("taken_in_at", INSTANT, nullable=False),
    Column("account", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("jpeg", BYTEA, nullable=False),
    Column("version", Integer, nullable=False),
    Column("slot", SmallInteger),
    UniqueConstraint("incident_id", "slot", name="photo_one_a_slot"),
)
audit_entry = Table(
    "audit_entry",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", INSTANT, nullable=False),
    Column("account", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("path", PATH, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("written_in", Text, nullable=False),
    Index("idx_audit_entry_written_in", "written_in"),
)
audit_link = Table(
    "audit_link",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", BigInteger, ForeignKey("audit_entry.id"), unique=True, nullable=False),
    Column("seal", BYTEA, nullable=False),
)
recut = Table(
    "recut",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", INSTANT, nullable=False),
    Column("account", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("edition_valid", INSTANT),
    Column("edition_recorded", INSTANT),
    Column("digest", Text, nullable=False),
)
recut_unit = Table(
    "recut_unit",
    METADATA,
    Column("recut_id", BigInteger, ForeignKey("recut.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("unit_id", BigInteger, ForeignKey("unit.id")),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("recut_id", "code", name="recut_unit_one_code"),
)
recut_incident = Table(
    "recut_incident",
    METADATA,
    Column("recut_id", BigInteger, primary_key=True, autoincrement=False),
    Column("incident_id", UUID, primary_key=True),
    Column("number", Integer),
    Column("located", Text, nullable=False),
    Column("was_unit_id", BigInteger, nullable=False),
    Column("moved", Boolean, nullable=False),
)
idempotency = Table(
    "idempotency",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_sha256", Text, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("response", JSONB, nullable=False),
    Column("at", INSTANT, nullable=False),
)
account = Table(
    "account",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, unique=True, nullable=False),
    Column("made_at", INSTANT, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("password_set_at", INSTANT),
    Column("password_given", Boolean, nullable=False),
)
identity_provider = Table(
    "identity_provider",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, unique=True, nullable=False),
    Column("issuer", Text, unique=True, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("has_secret", Boolean, nullable=False),
)
identity_link = Table(
    "identity_link",
    METADATA,
    Column("provider_id", BigInteger, ForeignKey("identity_provider.id", ondelete="CASCADE"), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Index("idx_identity_link_account_id", "account_id"),
)
sign_in_flow = Table(
    "sign_in_flow",
    METADATA,
    Column("sha256", BYTEA, primary_key=True),
    Column("provider_id", BigInteger, ForeignKey("identity_provider.id", ondelete="CASCADE"), nullable=False),
    Column("leads_to", Text, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Index("idx_sign_in_flow_expires_at", "expires_at"),
)
account_grant = Table(
    "account_grant",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("unit_id", BigInteger, ForeignKey("unit.id")),
    Column("valid", TSTZRANGE, nullable=False),
    Column("organisation", UUID),
    Index("idx_account_grant_account_id", "account_id"),
)
credential = Table(
    "credential",
    METADATA,
    Column("sha256", BYTEA, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("grant_id", BigInteger, ForeignKey("account_grant.id"), nullable=False),
    Column("prefix", Text, unique=True),
    Column("permissions", ARRAY(Text)),
    Column("made_at", INSTANT, nullable=False),
    Column("seen_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("ended_at", INSTANT),
    Column("id", BigInteger, Identity(), unique=True, nullable=False),
    Column("provider_id", BigInteger, ForeignKey("identity_provider.id", ondelete="SET NULL")),
    Index("idx_credential_account_id", "account_id"),
    Index("idx_credential_expires_at", "expires_at"),
)
hand_over = Table(
    "hand_over",
    METADATA,
    Column("organisation", UUID, primary_key=True),
    Column("incident_id", UUID, ForeignKey("incident.id"), primary_key=True),
    Column("path", PATH, nullable=False),
    Column("since", INSTANT, nullable=False),
    Column("until", INSTANT),
    Index("idx_hand_over_incident_id", "incident_id"),
)
feed = Table(
    "feed",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("path", PATH, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("at", INSTANT, nullable=False),
)
job_progress = Table(
    "job_progress",
    METADATA,
    Column("job_id", BigInteger, primary_key=True),
    Column("path", PATH, nullable=False),
    Column("kind", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("message", Text, nullable=False),
    Column("asked_at", INSTANT, nullable=False),
    Column("started_at", INSTANT),
    Column("finished_at", INSTANT),
    Column("failed", Text),
    Column("cancel_asked", Boolean, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
)

"""
Every column of every table: whether anyone may see it, or only who works with incidents, or only by opening a seal.

public
    Published: boundaries, places, reference lists, stations.
internal
    For accounts in whose scope it lies, by role.
sealed
    Encrypted, or for handlers alone, or a secret: never in exports, tiles, feeds, logs or answers of lists.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Class(StrEnum):
    """Who may see a column."""

    PUBLIC = "public"
    INTERNAL = "internal"
    SEALED = "sealed"


def _table(*, public: str = "", internal: str = "", sealed: str = "") -> Mapping[str, Class]:
    named = ((Class.PUBLIC, public), (Class.INTERNAL, internal), (Class.SEALED, sealed))
    return MappingProxyType({column: kind for kind, columns in named for column in columns.split()})


CLASSES: Mapping[str, Mapping[str, Class]] = MappingProxyType(
    {
        # boundaries and places
        "unit": _table(public="id layer made_at"),
        "unit_version": _table(
            public="id unit_id parent_id layer level code path name name_mn name_en kind geom derived households "
            "synthetic attributes valid recorded"
        ),
        "issued_code": _table(public="system code unit_id issued_at"),
        "unit_alias": _table(public="id unit_id system code name note valid"),
        "unit_lineage": _table(public="successor_id predecessor_id at area_share household_share incident_share"),
        "activation": _table(public="valid recorded at"),
        "edition": _table(public="valid recorded what"),
        "block": _table(public="id code path geom households synthetic"),
        "building": _table(public="id code path name address use floors households geom source synthetic attributes"),
        "entrance": _table(public="id building_id number households geom"),
        "street": _table(public="id code name class oneway from_node to_node length_m geom source synthetic"),
        "water": _table(public="id code name name_en kind geom source synthetic"),
        # who answers
        "station": _table(public="id code path kind name address phone geom source synthetic version"),
        "department": _table(internal="id code path level name phone synthetic"),
        "team": _table(
            internal="id code path kind name station_id skills shift members capacity_per_day phone active source "
            "synthetic version"
        ),
        "default_team": _table(internal="unit_id path category team_id valid"),
        "post": _table(internal="id unit_id path kind office_phone filled valid synthetic"),
        "route": _table(internal="id code path team_id name shift length_m geom source synthetic version"),
        "check_point": _table(internal="route_id number name geom"),
        # incidents
        "category": _table(public="code parent name_zh name_en name_mn priority deadline_hours active"),
        "channel": _table(public="code name_zh name_en"),
        "load": _table(
            internal="id kind source file_name sha256 options at account rows_read rows_loaded rows_unchanged "
            "rows_rejected"
        ),
        "incident": _table(
            internal="id path unit_id located category channel handling state priority title description address "
            "building_id geom accuracy_m occurred_at received_at due_at closed_at team_id department_id source "
            "source_key load_id synthetic version doubts"
        ),
        "quarantine": _table(internal="load_id at suspected evidence"),
        "incident_change": _table(internal="made_in at ids"),
        "owed_index": _table(internal="definition"),
        "public_figure": _table(
            public="period since until category unit_id path incidents finest published_at",
        ),
        "incident_event": _table(internal="incident_id number path kind at account state payload_version payload"),
        "assignment_run": _table(internal="id at account edition_valid edition_recorded reason"),
        "assignment": _table(
            internal="incident_id run_id path unit_id owner_rule candidates shares team_id team_rule team_unit_id"
        ),
        "recut": _table(internal="id at account kind name edition_valid edition_recorded digest"),
        "recut_unit": _table(internal="recut_id number unit_id code name"),
        "recut_incident": _table(internal="recut_id incident_id number located was_unit_id moved"),
        "idempotency": _table(internal="account key request_sha256 status response at"),
        "feed": _table(internal="id path kind subject body at"),
        "job_progress": _table(
            internal="job_id path kind account organisation role done total message asked_at started_at finished_at "
            "failed cancel_asked"
        ),
        # people
        "reporter": _table(internal="incident_id key_id", sealed="sealed"),
        "incident_original": _table(internal="incident_id key_id", sealed="sealed"),
        "photo": _table(internal="incident_id number slot taken_in_at account width height version", sealed="jpeg"),
        # accounts, and what they did
        "account": _table(internal="id name made_at active password_set_at password_given", sealed="password_hash"),
        "identity_provider": _table(public="name name_zh name_en", internal="id issuer client_id claim has_secret"),
        "identity_link": _table(internal="provider_id account_id", sealed="subject"),
        "sign_in_flow": _table(internal="provider_id leads_to expires_at", sealed="sha256"),
        "account_grant": _table(internal="id account_id role unit_id organisation valid"),
        "credential": _table(
            internal="id kind account_id grant_id provider_id prefix permissions made_at seen_at expires_at ended_at",
            sealed="sha256",
        ),
        "hand_over": _table(internal="organisation incident_id path since until"),
        "audit_entry": _table(internal="id at account role path kind subject reason written_in"),
        "audit_link": _table(internal="number entry_id seal"),
        "alembic_version": _table(internal="version_num"),
    }
)


def sealed_tables() -> frozenset[str]:
    """The tables that hold a sealed column."""
    return frozenset(table for table, columns in CLASSES.items() if Class.SEALED in columns.values())

"""What we know: contacts, devices, and when a file was taken in."""

import sqlalchemy as sa

from daemon.edge.tables.columns import Day, Id, Moment, metadata, row_id

contact = sa.Table(
    "contact",
    metadata,
    row_id(),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("valid_from", Day),
    sa.Column("counts_from", Moment),
    sa.Column("robot", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("extra", sa.Text, nullable=False, server_default="{}", comment="JSON: phone, delivery, channel, ..."),
    sa.UniqueConstraint("party", "kind", "email"),
)

party_name = sa.Table(
    "party_name",
    metadata,
    sa.Column("party", sa.Text, primary_key=True),
    sa.Column("kind", sa.String(12), primary_key=True, comment="mpid, alias, successor_of"),
    sa.Column("name", sa.Text, primary_key=True),
)

device = sa.Table(
    "device",
    metadata,
    sa.Column("device_id", Id, primary_key=True, autoincrement=False),
    sa.Column("device_type", sa.String(8), nullable=False, server_default=""),
    sa.Column("installing_supplier", sa.Text, nullable=False, server_default=""),
    sa.Column("installed_on", Day),
    sa.Column("status", sa.String(24), nullable=False, server_default=""),
    sa.Column("gaining_supplier", sa.Text, nullable=False, server_default=""),
    sa.Column("linked_gsme", sa.BigInteger),
    sa.Column("install_code", sa.LargeBinary, comment="sealed"),
)

import_run = sa.Table(
    "import_run",
    metadata,
    row_id(),
    sa.Column("kind", sa.String(12), nullable=False, comment="contacts, inventory"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("file_sha", sa.String(64), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
)

"""Our record of devices: what is asked of it, and the sealed codes that are opened out of it."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import among, chunks, eui_to_int, insert, int_to_eui, moment
from daemon.edge.tables import device, import_run
from daemon.edge.vault import Vault
from daemon.rules.facts import DeviceRecord
from daemon.rules.identifiers import DeviceId, InstallCode

INVENTORY = "inventory"
UPDATE = "update"
"""An import of some devices by mail: an inventory that is old stays old."""
_RECORD = (
    device.c.device_id,
    device.c.device_type,
    device.c.installing_supplier,
    device.c.status,
    device.c.gaining_supplier,
    device.c.linked_gsme,
    device.c.install_code.is_not(None).label("has_code"),
)
_LOOKUP = sa.select(*_RECORD).where(device.c.device_id.in_(among("devices")))
_TAKEN_AT = sa.select(sa.func.max(import_run.c.at)).where(import_run.c.kind == INVENTORY)


def lookup(connection: Connection, devices: Iterable[DeviceId]) -> dict[DeviceId, DeviceRecord]:
    """What we know of `devices`; one that we do not know is left out."""
    numbers = list({eui_to_int(one) for one in devices})
    found = {}
    for run in chunks(numbers):
        rows = connection.execute(_LOOKUP, {"devices": run}).all()
        for number, kind, installer, status, gaining, gsme, has_code in rows:
            one = int_to_eui(number)
            linked = "" if gsme is None else int_to_eui(gsme)
            found[one] = DeviceRecord(one, kind, installer, status, gaining, has_code, linked)
    return found


def taken_at(connection: Connection) -> datetime | None:
    """When the inventory was last imported; None: never."""
    last = connection.execute(_TAKEN_AT).scalar()
    return None if last is None else moment(last)


def size(connection: Connection) -> int:
    """How many devices are known."""
    return connection.execute(sa.select(sa.func.count()).select_from(device)).scalar_one()


def open_codes(connection: Connection, vault: Vault, devices: Iterable[DeviceId]) -> dict[DeviceId, InstallCode]:
    """The codes held for `devices`, opened; one without code is left out. The caller audits each. Raises SealBroken."""
    numbers = list({eui_to_int(one) for one in devices})
    codes = {}
    for run in chunks(numbers):
        wanted = device.c.device_id.in_(run) & device.c.install_code.is_not(None)
        for number, sealed in connection.execute(sa.select(device.c.device_id, device.c.install_code).where(wanted)):
            octets = vault.open(sealed, table="device", column="install_code", row=number)
            codes[int_to_eui(number)] = InstallCode(octets)
    return codes


def put_code(connection: Connection, vault: Vault, one: DeviceId, code: InstallCode) -> None:
    """Keep a code that a member of our team gave, sealed; the device is ours where we did not know it."""
    number = eui_to_int(one)
    sealed = vault.seal(code.reveal(), table="device", column="install_code", row=number)
    statement = insert(connection, device).values(device_id=number, install_code=sealed)
    connection.execute(statement.on_conflict_do_update(index_elements=["device_id"], set_={"install_code": sealed}))

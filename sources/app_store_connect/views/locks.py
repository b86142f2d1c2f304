"""Postgres: the sessions that keep a statement from its lock."""

from ..warehouse.connection import Warehouse, is_lock_timeout

_HOLDERS = """
    select distinct a.pid, a.usename, a.state, a.application_name
    from pg_locks as l join pg_stat_activity as a on a.pid = l.pid
    where l.granted and a.pid <> pg_backend_pid()
        and l.relation in (select oid from pg_class where relname = %s)"""


def in_the_way(warehouse: Warehouse, error: BaseException, name: str) -> str:
    """The reason and the next step if a lock on this table or view caused the error; else empty."""
    if not is_lock_timeout(error):
        return ""
    holders = "".join(
        f" by process {pid} of {user} ({', '.join(filter(None, (state, program)))})"
        for pid, user, state, program in warehouse.run(_HOLDERS, warehouse.physical(name))
    )
    return f"it is in use{holders}: end that, then run again"

"""What a server may do in the database: a role that owns nothing of it, and is granted this, can serve.

It can neither change the schema, nor switch off what guards the ledger, nor change or remove what was recorded there.
"""

from typing import Any, Final

TABLES: Final = {
    "merchants": "select, insert, update",
    "brands": "select, insert, update, delete",
    "stripe_accounts": "select, insert, update, delete",
    "people": "select, insert, update",
    "invitations": "select, insert, update",
    "sessions": "select, insert, update",
    "audit": "select, insert",
    "tenants": "select, insert, update",
    "api_keys": "select, insert, update",
    "default_payment_rules": "select, insert, update, delete",
    "customers": "select, insert, update",
    "accounts": "select, insert, update",
    "bills": "select, insert, update",
    "bill_credits": "select, insert, update",
    "payments": "select, insert, update",
    "refunds": "select, insert",
    "payment_links": "select, insert",
    "pay_links": "select, insert, update",
    "checkouts": "select, insert, update",
    "payment_requests": "select, insert, update",
    "mails": "select, insert, update",
    "payment_applications": "select, insert",
    "metadata_pairs": "select, insert, delete",
    "entries": "select, insert",
    "events": "select, insert",
    "webhook_endpoints": "select, insert, update, delete",
    "webhook_lanes": "select, insert, update, delete",
    "webhook_resends": "select, insert, update, delete",
    "webhook_deliveries": "select, insert, update, delete",
    "idempotency_keys": "select, insert, update, delete",
    "key_spendings": "select, insert, update, delete",
    "jobs": "select, insert, update, delete",
    "job_chunks": "select, insert, delete",
    "import_rows": "select, insert, update, delete",
    "imported_rows": "select, insert, update",
    "customer_identities": "select, insert, update",
    "closings": "select, insert, update",
    "late_entries": "select, insert",
    "closing_checks": "select, insert",
    "installation": "select, update",
    "schema_migrations": "select",
}
"""Of every table. Whoever may lock a row of a table has to have `update` on it."""

COLUMNS: Final = {"payment_applications": ("released", "not_restored", "not_restored_reason")}
"""What may be updated of a table, where that is not all of its rows."""

SEQUENCES: Final = {"event_positions": "usage, select"}

ANALYZE_TABLE: Final = "analyze_table(regclass)"

FUNCTIONS: Final = ("forget_events(integer, integer, text, timestamptz, bigint, integer)", ANALYZE_TABLE)
"""What a server asks the schema's owner to do."""


class RoleError(Exception):
    """The role has too few rights for what is asked of it, or too many. The message says what to do."""


def statements(role: str, schema: str) -> list[str]:
    """What the owner executes so that `role` may do all of this and nothing else; both names as SQL has them."""
    return [
        f"revoke all on table {', '.join(TABLES)} from {role}",
        f"revoke all on sequence {', '.join(SEQUENCES)} from {role}",
        f"grant usage on schema {schema} to {role}",
        *(f"grant {granted} on table {table} to {role}" for table, granted in TABLES.items()),
        *(f"grant update ({', '.join(columns)}) on table {table} to {role}" for table, columns in COLUMNS.items()),
        *(f"grant {granted} on sequence {sequence} to {role}" for sequence, granted in SEQUENCES.items()),
        f"grant execute on function {', '.join(FUNCTIONS)} to {role}",
    ]


FIND_ROLE: Final = """
select quote_ident(r.rolname) as role, quote_ident(current_schema()) as schema,
       r.rolsuper or pg_has_role(r.oid, d.datdba, 'member') or pg_has_role(r.oid, n.nspowner, 'member')
           or pg_has_role(r.oid, m.relowner, 'member') as is_owner,
       pg_has_role(m.relowner, 'member') as may_grant,
       has_schema_privilege(r.oid, n.oid, 'create') as may_create
  from pg_roles r
  join pg_database d on d.datname = current_database()
  join pg_namespace n on n.nspname = current_schema()
  join pg_class m on m.oid = 'schema_migrations'::regclass
 where r.rolname = $1
"""


async def grant(connection: Any, role: str) -> list[str]:
    """Grants it to a role, in a transaction of the caller's; the statements. Raises RoleError for one that could do
    more than this, whatever it is granted."""
    found = await connection.fetchrow(FIND_ROLE, role)
    if found is None:
        raise RoleError(f"There is no role {role}. Make it first: create role {role} login password '…'.")
    if not found["may_grant"]:  # PostgreSQL would take it, and do nothing
        raise RoleError("Only the owner of the database can grant that.")
    if found["is_owner"]:
        raise RoleError(
            f"The role {role} is a superuser, or owns the database, its schema or its tables: it may do all."
        )
    if found["may_create"]:
        raise RoleError(
            f"The role {role} may create things in the schema {found['schema']}. "
            f"Run: revoke create on schema {found['schema']} from public, {found['role']}."
        )
    done = statements(found["role"], found["schema"])
    await connection.execute(";\n".join(done))
    return done


FIND_GRANTED_ROLES: Final = f"""
select distinct r.rolname as role
  from pg_proc p
 cross join lateral aclexplode(p.proacl) as granted
  join pg_roles r on r.oid = granted.grantee
 where p.oid = to_regprocedure('{ANALYZE_TABLE}') and granted.grantee <> p.proowner
"""


async def find_granted_roles(connection: Any) -> list[str]:
    """The roles to whom it was granted: what is new is for them as well. Known by the one function that no migration
    has made anew since."""
    return [row["role"] for row in await connection.fetch(FIND_GRANTED_ROLES)]


FIND_MISSING_GRANTS: Final = """
select current_user as role, w.privilege, w.name
  from unnest($1::text[], $2::text[]) as w(name, privilege)
 where not has_table_privilege(w.name, w.privilege)
 union all
select current_user, 'execute', w.name
  from unnest($3::text[]) as w(name)
 where not has_function_privilege(w.name, 'execute')
 union all
select current_user, 'update columns of', w.name
  from unnest($4::text[]) as w(name)
 where not has_any_column_privilege(w.name, 'update')
"""


async def refuse_missing_grants(connection: Any) -> None:
    """Raises RoleError where the role of the connection may not do what a server has to."""
    wanted = [(name, one) for name, granted in TABLES.items() for one in granted.split(", ")]
    missing = await connection.fetch(FIND_MISSING_GRANTS, *zip(*wanted, strict=True), FUNCTIONS, [*COLUMNS])
    if missing:
        role, also = missing[0]["role"], f", nor {len(missing) - 1} things more" if len(missing) > 1 else ""
        raise RoleError(
            f"The role {role} may not {missing[0]['privilege']} {missing[0]['name']}{also}. "
            f"Run `dues migrate --grant-to {role}` as the owner of the database."
        )

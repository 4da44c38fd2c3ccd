-- References are compared as people read them, in Unicode's NFC. Those of before are brought to it, where no other
-- object of their kind has that already: of several that look alike the oldest gets it, and the others are found by
-- their ids. A database in another encoding has no forms to choose from.
do $$
declare
    kind text;
begin
    if current_setting('server_encoding') <> 'UTF8' then
        return;
    end if;
    foreach kind in array array['customers', 'accounts', 'bills', 'payments'] loop
        execute format($update$
            with other as (
                select cell, tenant_id, id, normalize(external_reference, nfc) as as_read,
                       row_number() over (partition by cell, tenant_id, normalize(external_reference, nfc)
                                          order by id) as place
                  from %1$I
                 where external_reference is not nfc normalized
            )
            update %1$I t
               set external_reference = other.as_read
              from other
             where t.cell = other.cell and t.tenant_id = other.tenant_id and t.id = other.id and other.place = 1
               and not exists (select from %1$I taken
                                where taken.cell = t.cell and taken.tenant_id = t.tenant_id
                                  and taken.external_reference = other.as_read)
        $update$, kind);
    end loop;
end
$$;

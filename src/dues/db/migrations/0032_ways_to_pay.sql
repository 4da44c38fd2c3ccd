-- Checkouts are listed, by what became of them too.

create index checkouts_by_state on checkouts (cell, tenant_id, state, id);

-- Where a merchant's customers pay cash, in words; null: nowhere.
alter table merchants add column cash_point text;

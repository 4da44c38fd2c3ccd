-- Entries and events say who did it; what was written before does not. Keys say when they were last used.
alter table entries
    add column actor              text collate "C",
    add column version            smallint not null default 1,
    add column external_reference text collate "C",
    add column salt               bytea,
    add column digest             bytea,
    add constraint entries_prove_their_texts check (
        case version
            when 1 then num_nonnulls(actor, external_reference, salt, digest) = 0
            when 2 then num_nonnulls(salt, digest) = 1
                and (digest is null or num_nonnulls(reason, idempotency_key, external_reference) = 0)
            else false
        end
    );

create unique index entries_reference_is_unique on entries (cell, tenant_id, owner_id, external_reference)
    where external_reference is not null;

alter table events add column actor text collate "C";

alter table api_keys add column last_used_at timestamptz;

-- What an answer warned of is said again with it.
alter table idempotency_keys add column warning text;

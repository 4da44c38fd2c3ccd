-- What is true of this database as a whole: when it was backed up, and whether it may send what is to be delivered.
create table installation (
    single             boolean primary key default true,
    backed_up_at       timestamptz,
    restored_at        timestamptz,
    deliveries_held_at timestamptz,
    constraint installation_is_a_single_row check (single)
);

insert into installation default values;

-- A merchant's day begins where it is. Until it says where that is, its days are those of UTC, as they were.

alter table merchants
    add column time_zone text not null default 'UTC',
    add constraint merchants_time_zone_is_a_name check (time_zone ~ '^[A-Za-z0-9_+/-]{1,64}$');

-- The test clock: a merchant may move the time of its test data forward, by at most ten years.

alter table tenants add column clock_offset_seconds bigint not null default 0;

alter table tenants add constraint tenants_clock_is_ahead_in_test_mode_alone
    check (clock_offset_seconds between 0 and case mode when 'test' then 315576000 else 0 end);

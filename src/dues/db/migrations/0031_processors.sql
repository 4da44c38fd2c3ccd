-- Stripe's accounts of merchants, and what a processor calls a checkout.

create table stripe_accounts (
    merchant_id    text collate "C" not null references merchants,
    mode           text not null,
    secret_key     text not null,
    webhook_secret text not null,
    api_url        text not null,
    primary key (merchant_id, mode),
    constraint stripe_accounts_mode_is_known check (mode in ('test', 'live'))
);

alter table checkouts add column session text;

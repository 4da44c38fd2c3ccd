-- How pages for a merchant's customers look.

create table brands (
    merchant_id text collate "C" primary key references merchants,
    colour      text,
    logo        bytea,
    logo_type   text,
    logo_width  integer,
    logo_height integer,
    constraint brands_colour_is_one check (colour ~ '^#[0-9a-f]{6}$'),
    constraint brands_logo_is_whole check (
        num_nonnulls(logo, logo_type, logo_width, logo_height) in (0, 4)
        and logo_type in ('image/png', 'image/jpeg') and octet_length(logo) <= 32768
    )
);

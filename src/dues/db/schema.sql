-- The whole schema as it is today. This is the file to read; migrations/ adds up to it, and a test proves that.
--
-- A tenant is one merchant in one mode (test or live), and its data lives in one cell. Every primary and unique key of
-- tenants' data begins with (cell, tenant_id): the tenant is what keeps them apart, the cell what a table is distributed
-- by on Citus. The two are as wide together as one bigint. (Busy tables have no foreign key to tenants: every insert
-- would lock the same row of it.) The three tables of the directory (merchants, tenants, api_keys) are what a tenant
-- and its cell are found by; installation is about all of them.
--
-- Text that is sorted is collate "C", so that ids sort by age on every server. Amounts are minor units and stay
-- within ±(2^53 - 1), which every JSON client holds exactly.

-- The directory -------------------------------------------------------------------------------------------------

-- Whoever uses this server.
create table merchants (
    id         text collate "C" primary key,
    name       text not null,
    created_at timestamptz not null,
    time_zone  text not null default 'UTC',    -- of the IANA database: whose days are its days
    file_settings jsonb,                       -- how Moment's files are read; null: as they usually are
    bank_account jsonb,                        -- where customers transfer money to; null: they are not told
    cash_point text,                           -- where they pay cash, in words; null: nowhere
    constraint merchants_time_zone_is_a_name check (time_zone ~ '^[A-Za-z0-9_+/-]{1,64}$'),
    constraint merchants_file_settings_are_an_object check (jsonb_typeof(file_settings) = 'object'),
    constraint merchants_bank_account_is_an_object check (jsonb_typeof(bank_account) = 'object')
);

-- How pages for a merchant's customers look. Nothing here: as pages do.
create table brands (
    merchant_id text collate "C" primary key references merchants,
    colour      text,       -- as it was chosen; pages darken or lighten it until it can be read
    logo        bytea,      -- a picture of this …
    logo_type   text,       -- … media type, …
    logo_width  integer,    -- … so many pixels wide …
    logo_height integer,    -- … and high
    constraint brands_colour_is_one check (colour ~ '^#[0-9a-f]{6}$'),
    constraint brands_logo_is_whole check (
        num_nonnulls(logo, logo_type, logo_width, logo_height) in (0, 4)
        and logo_type in ('image/png', 'image/jpeg') and octet_length(logo) <= 32768
    )
);

-- By which account of Stripe's customers pay a merchant in one mode.
create table stripe_accounts (
    merchant_id    text collate "C" not null references merchants,
    mode           text not null,
    secret_key     text not null,       -- encrypted, where there is a key to encrypt it with
    webhook_secret text not null,       -- likewise
    api_url        text not null,       -- where Stripe is
    primary key (merchant_id, mode),
    constraint stripe_accounts_mode_is_known check (mode in ('test', 'live'))
);

-- A merchant in one mode.
create table tenants (
    id                   integer generated always as identity primary key,
    merchant_id          text collate "C" not null references merchants,
    mode                 text not null,
    cell                 integer not null,              -- where its data is
    events_forgotten_to  bigint not null default 0,     -- no event up to this position is kept
    clock_offset_seconds bigint not null default 0,     -- how far its test clock is ahead of the server's
    identity_key         bytea not null                 -- what identity numbers in files are hashed with
        default sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea),
    constraint tenants_one_per_mode unique (merchant_id, mode),
    constraint tenants_cell_is_one check (cell >= 1),
    constraint tenants_mode_is_known check (mode in ('test', 'live')),
    constraint tenants_clock_is_ahead_in_test_mode_alone
        check (clock_offset_seconds between 0 and case mode when 'test' then 315576000 else 0 end)
);

-- Only a key's SHA-256 is kept, so who reads this table can open nothing with it.
create table api_keys (
    tenant_id   integer not null references tenants,
    id          text collate "C" not null,
    kind        text not null,
    sha256      bytea not null,
    last_four   text not null,
    created_at  timestamptz not null,
    expires_at  timestamptz,            -- null: does not expire
    revoked_at  timestamptz,            -- null: in force
    rate_limit  text,                   -- such as 100/s; null: none
    allowed     text[],                 -- such as bills:read; null: whatever its kind may
    addresses   cidr[],                 -- where it may be used; null: everywhere
    max_amount  bigint,                 -- what it may move at once, and …
    max_per_day bigint,                 -- … in a day, of each currency; null: no limit
    last_used_at timestamptz,           -- to the minute; null: never
    primary key (tenant_id, id),
    constraint api_keys_sha256_is_unique unique (sha256),
    constraint api_keys_kind_is_known check (kind in ('secret', 'public', 'collector')),
    constraint api_keys_sha256_is_one check (length(sha256) = 32),
    constraint api_keys_rate_limit_is_one check (rate_limit ~ '^[1-9][0-9]{0,6}/[smh]$'),
    constraint api_keys_limits_are_safe check (
        max_amount between 1 and 9007199254740991 and max_per_day between 1 and 9007199254740991
    )
);

-- This database as a whole: one row.
create table installation (
    single             boolean primary key default true,
    backed_up_at       timestamptz,         -- the last backup that was finished; null: none
    restored_at        timestamptz,         -- when it was made from a backup; null: it was not
    deliveries_held_at timestamptz,         -- nothing is delivered from then on until it is released; null: it is
    constraint installation_is_a_single_row check (single)
);

insert into installation default values;

-- A tenant's data -----------------------------------------------------------------------------------------------

-- What applies to an object that has no rules of its own. No row: such an object cannot be paid.
create table default_payment_rules (
    cell          integer not null,
    tenant_id     integer not null references tenants,
    kind          text not null,
    currency      text not null,
    payment_rules jsonb not null,
    primary key (cell, tenant_id, kind, currency),
    constraint default_payment_rules_kind_is_known check (kind in ('customer', 'account', 'bill')),
    constraint default_payment_rules_agree
        check ((payment_rules ->> 'min_amount')::bigint <= (payment_rules ->> 'max_amount')::bigint)
);

-- Who owes, or has credit.
create table customers (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C" not null,
    name               text,
    email              text,
    phone              text collate "C",
    currency           text,
    balance            bigint,          -- null: none is tracked
    payment_rules      jsonb,           -- null: the merchant's default
    metadata           jsonb,           -- null: none
    created_at         timestamptz not null,
    reference_folded   text collate "C",    -- as it is searched: in NFC, whatever its cases; null: no search finds it
    name_folded        text collate "C",
    email_folded       text collate "C",
    primary key (cell, tenant_id, id),
    constraint customers_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint customers_balance_has_currency check (balance is null or currency is not null),
    constraint customers_balance_is_safe check (balance between -9007199254740991 and 9007199254740991),
    constraint customers_payment_rules_agree
        check ((payment_rules ->> 'min_amount')::bigint <= (payment_rules ->> 'max_amount')::bigint)
);

-- One thing that a customer pays for.
create table accounts (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C" not null,
    customer_id        text collate "C" not null,
    name               text,
    currency           text,
    balance            bigint,          -- null: none is tracked
    payment_rules      jsonb,           -- null: the merchant's default
    metadata           jsonb,           -- null: none
    created_at         timestamptz not null,
    reference_folded   text collate "C",
    name_folded        text collate "C",
    primary key (cell, tenant_id, id),
    constraint accounts_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint accounts_customer_exists foreign key (cell, tenant_id, customer_id) references customers (cell, tenant_id, id),
    constraint accounts_balance_has_currency check (balance is null or currency is not null),
    constraint accounts_balance_is_safe check (balance between -9007199254740991 and 9007199254740991),
    constraint accounts_payment_rules_agree
        check ((payment_rules ->> 'min_amount')::bigint <= (payment_rules ->> 'max_amount')::bigint)
);

-- An amount that a customer is to pay, on its own or for an account, and how much of it was paid.
create table bills (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C" not null,
    customer_id        text collate "C" not null,
    account_id         text collate "C",    -- null: a bill of the customer's own
    currency           text not null,
    amount_due         bigint not null,
    amount_paid        bigint not null default 0,
    status             text not null default 'unpaid',
    bill_on            date not null,
    due_on             date,
    payment_rules      jsonb,               -- null: the merchant's default
    metadata           jsonb,               -- null: none
    created_at         timestamptz not null,
    reference_folded   text collate "C",
    amount_applied     bigint not null default 0,   -- what of amount_paid came by payments that stand
    amount_credited    bigint not null default 0,   -- what it was lowered by
    voided_at          timestamptz,         -- null also where nobody knows any more
    overdue_on         date,                -- the merchant's day on which it was told that it is overdue
    primary key (cell, tenant_id, id),
    constraint bills_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint bills_customer_exists foreign key (cell, tenant_id, customer_id) references customers (cell, tenant_id, id),
    constraint bills_account_exists foreign key (cell, tenant_id, account_id) references accounts (cell, tenant_id, id),
    constraint bills_amounts_are_safe check (
        amount_due between 1 and 9007199254740991 and amount_paid between 0 and 9007199254740991
        and amount_applied between 0 and 9007199254740991 and amount_credited between 0 and amount_due
        and amount_paid + amount_credited <= 9007199254740991
    ),
    constraint bills_status_follows_amounts check (
        status = case when amount_paid + amount_credited >= amount_due then 'paid' else 'unpaid' end
        or (status = 'voided' and amount_paid = 0)
    ),
    constraint bills_are_voided_at_a_time check (voided_at is null or status = 'voided'),
    constraint bills_are_not_due_before_they_are_made check (due_on >= bill_on),
    constraint bills_payment_rules_agree
        check ((payment_rules ->> 'min_amount')::bigint <= (payment_rules ->> 'max_amount')::bigint)
);

-- What lists are filtered by: each index ends with the id, so a page is read off it in order.
create index customers_by_currency on customers (cell, tenant_id, currency, id);
create index accounts_by_customer on accounts (cell, tenant_id, customer_id, id);
create index accounts_by_currency on accounts (cell, tenant_id, currency, id);
create index bills_by_customer on bills (cell, tenant_id, customer_id, id);
create index bills_by_account on bills (cell, tenant_id, account_id, id) where account_id is not null;
create index bills_by_status on bills (cell, tenant_id, status, id);
create index bills_by_currency on bills (cell, tenant_id, currency, id);

-- An owner's bills by their due dates; of the unpaid ones, it is also the order in which a payment is spread over them.
create index bills_by_customer_and_due_date on bills
    (cell, tenant_id, customer_id, status, currency, due_on, bill_on, id);
create index bills_by_account_and_due_date on bills
    (cell, tenant_id, account_id, status, currency, due_on, bill_on, id) where account_id is not null;

-- What lists are ordered by, and ranges are of. Status and currency come first, so that each may be asked for or not:
-- a page is put together of one for each status and currency.
create index bills_by_due_date on bills (cell, tenant_id, status, currency, due_on, bill_on, id)
 where due_on is not null;
create index bills_by_bill_date on bills (cell, tenant_id, status, currency, bill_on, id);
create index bills_by_amount on bills (cell, tenant_id, status, currency, amount_due, id);

-- What is searched by how it begins.
create index customers_by_folded_reference on customers (cell, tenant_id, reference_folded, id);
create index customers_by_folded_name on customers (cell, tenant_id, name_folded, id) where name_folded is not null;
create index customers_by_folded_email on customers (cell, tenant_id, email_folded, id) where email_folded is not null;
create index customers_by_phone on customers (cell, tenant_id, phone, id) where phone is not null;
create index accounts_by_folded_reference on accounts (cell, tenant_id, reference_folded, id);
create index accounts_by_folded_name on accounts (cell, tenant_id, name_folded, id) where name_folded is not null;
create index bills_by_folded_reference on bills (cell, tenant_id, status, currency, reference_folded, id);

-- Bills whose day has come, and of which nobody was told.
create index bills_to_be_overdue on bills (cell, tenant_id, due_on, id)
 where status = 'unpaid' and overdue_on is null and due_on is not null;

-- What is owed by customer and by age, added up without looking at a bill; and those that were paid too much of.
create index bills_by_debtor on bills (cell, tenant_id, currency, customer_id)
    include (id, due_on, bill_on, amount_due, amount_paid, amount_credited)
 where status = 'unpaid';
create index bills_overpaid on bills (cell, tenant_id, currency, customer_id)
 where status = 'paid' and amount_paid + amount_credited > amount_due;

-- What bills were lowered by, and why.
create table bill_credits (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    bill_id            text collate "C" not null,
    external_reference text collate "C",
    kind               text not null,
    amount             bigint not null,
    currency           text not null,       -- the bill's
    reason             text not null,
    reversed_at        timestamptz,
    reversal_reason    text,
    created_at         timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint bill_credits_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint bill_credits_bill_exists foreign key (cell, tenant_id, bill_id) references bills (cell, tenant_id, id),
    constraint bill_credits_kind_is_known check (kind in ('credit_note', 'write_off', 'rounding')),
    constraint bill_credits_amount_is_safe check (amount between 1 and 9007199254740991)
);

create index bill_credits_by_bill on bill_credits (cell, tenant_id, bill_id, id);

-- Money that came in.
create table payments (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C" not null,
    amount             bigint not null,         -- what is applied of it, held and refunded
    currency           text not null,
    status             text not null default 'applied',
    customer_id        text collate "C" not null,
    account_id         text collate "C",        -- where an account, or a bill of one, was paid
    bill_id            text collate "C",        -- where one bill was paid
    method             text,
    paid_at            timestamptz not null,    -- as the request said; created_at is when it was recorded
    collector_id       text collate "C",        -- the key of the collector who brought it; null: the merchant did
    reversal_reason    text,
    reversal_note      text,
    reversed_at        timestamptz,
    metadata           jsonb,                   -- null: none
    created_at         timestamptz not null,
    reference_folded   text collate "C",
    amount_unapplied   bigint not null default 0,   -- what of it is held: the balance of its ledger
    amount_refunded    bigint not null default 0,   -- what of it went out again
    represents         text collate "C",        -- the reversed payment that came again with it
    represented_by     text collate "C",        -- the payment as which it came again, which has its reference now
    primary key (cell, tenant_id, id),
    constraint payments_customer_exists foreign key (cell, tenant_id, customer_id) references customers (cell, tenant_id, id),
    constraint payments_account_exists foreign key (cell, tenant_id, account_id) references accounts (cell, tenant_id, id),
    constraint payments_bill_exists foreign key (cell, tenant_id, bill_id) references bills (cell, tenant_id, id),
    constraint payments_amount_is_safe check (amount between 1 and 9007199254740991),
    constraint payments_reversal_is_whole check (
        case status
            when 'applied' then reversed_at is null and reversal_reason is null and reversal_note is null
            when 'reversed' then
                reversed_at is not null and reversal_reason in ('bounced', 'duplicate', 'fraud', 'other')
            else false
        end
    ),
    constraint payments_parts_are_no_more_than_the_amount check (
        amount_unapplied >= 0 and amount_refunded >= 0 and amount_unapplied + amount_refunded <= amount
        and (status = 'applied' or amount_unapplied = 0)
    )
);

create unique index payments_reference_is_unique on payments (cell, tenant_id, external_reference)
 where represented_by is null;
create index payments_by_customer on payments (cell, tenant_id, customer_id, id);
create index payments_by_account on payments (cell, tenant_id, account_id, id) where account_id is not null;
create index payments_with_money_held on payments (cell, tenant_id, id) where amount_unapplied > 0;
create index payments_held_by_customer on payments (cell, tenant_id, customer_id, id) where amount_unapplied > 0;
create index payments_by_status on payments (cell, tenant_id, status, id);
create index payments_by_currency on payments (cell, tenant_id, currency, id);
create index payments_by_time on payments (cell, tenant_id, status, currency, paid_at, id);
create index payments_by_amount on payments (cell, tenant_id, status, currency, amount, id);
create index payments_by_folded_reference on payments (cell, tenant_id, status, currency, reference_folded, id);

-- What a day's totals are made of: a collector's payments (ids begin with the time), and what was reversed that day.
create index payments_by_collector on payments (cell, tenant_id, collector_id, id) where collector_id is not null;
create index payments_by_reversal on payments (cell, tenant_id, reversed_at) where reversed_at is not null;

-- Money of payments that went out again.
create table refunds (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    payment_id         text collate "C" not null,
    external_reference text collate "C" not null,
    amount             bigint not null,
    currency           text not null,           -- the payment's
    reason             text,
    created_at         timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint refunds_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint refunds_payment_exists foreign key (cell, tenant_id, payment_id) references payments (cell, tenant_id, id),
    constraint refunds_amount_is_safe check (amount between 1 and 9007199254740991)
);

create index refunds_by_payment on refunds (cell, tenant_id, payment_id, id);

-- What payments are listed under beside their customer and account: the bills that they were for or went to, and what
-- else they went to, with its customer.
create table payment_links (
    cell       integer not null,
    tenant_id  integer not null,
    owner_id   text collate "C" not null,
    payment_id text collate "C" not null,
    primary key (cell, tenant_id, owner_id, payment_id)
);

-- What is given to somebody so that they see what they owe, and pay it: a page at an address that nobody can guess. Of
-- its token the SHA-256 is what it is found by; the token itself is there to be shown again, and encrypted where the
-- server has a key. (What payments are listed under is payment_links, which is older than these.)
create table pay_links (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C",
    target             text not null,           -- whose debts are shown
    owner_id           text collate "C" not null,   -- that customer or account; of bills, their customer
    customer_id        text collate "C" not null,
    bill_ids           jsonb,                   -- the ids of the bills that it is for; null: all there are
    amount             bigint,                  -- so much is to be paid; null: whatever is owed
    currency           text,
    uses               text not null,
    show               text not null,           -- whether names are written out
    token              text not null,
    token_sha256       text collate "C" not null,
    expires_at         timestamptz not null,
    withdrawn_at       timestamptz,
    payment_count      bigint not null default 0,   -- how many came by it
    created_at         timestamptz not null,
    request_id         text collate "C",        -- the payment request that it is of, if it is one's
    primary key (cell, tenant_id, id),
    constraint pay_links_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint pay_links_token_is_unique unique (cell, tenant_id, token_sha256),
    constraint pay_links_customer_exists foreign key (cell, tenant_id, customer_id) references customers (cell, tenant_id, id),
    constraint pay_links_target_is_known check (
        target in ('customer', 'account', 'bills') and (target = 'bills') = (bill_ids is not null)
    ),
    constraint pay_links_uses_are_known check (uses in ('once', 'many') and show in ('names', 'masked')),
    constraint pay_links_amount_has_a_currency check (
        (amount is null) = (currency is null) and amount between 1 and 9007199254740991
    )
);

create index pay_links_by_customer on pay_links (cell, tenant_id, customer_id, id);

-- One attempt to pay by a link: what was chosen, by which way it goes, and what became of it.
create table checkouts (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C" not null,   -- of the form that was sent: sent twice, it is one
    payment_link_id    text collate "C" not null,
    adapter            text not null,
    state              text not null,
    amount             bigint not null,
    currency           text not null,
    parts              jsonb not null,          -- of which bill how much, and what was owed of it then
    payment_id         text collate "C",        -- the payment that it became
    reason             text,                    -- why it failed, or is nobody's
    expires_at         timestamptz not null,
    created_at         timestamptz not null,
    charge             jsonb,                   -- of test checkouts: what a processor would know
    asks               integer not null default 0,  -- how often it was asked for, and …
    ask_at             timestamptz not null default now(),  -- … when it is next, by the server's time
    session            text,                    -- what the processor calls it; null: none has begun
    primary key (cell, tenant_id, id),
    constraint checkouts_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint checkouts_link_exists
        foreign key (cell, tenant_id, payment_link_id) references pay_links (cell, tenant_id, id),
    constraint checkouts_state_is_known check (
        state in ('open', 'paid', 'failed', 'expired', 'orphaned') and (state = 'paid') = (payment_id is not null)
    ),
    constraint checkouts_amount_is_safe check (amount between 1 and 9007199254740991)
);

create index checkouts_by_link on checkouts (cell, tenant_id, payment_link_id, id);
create index checkouts_by_state on checkouts (cell, tenant_id, state, id);
create index checkouts_to_be_asked_for on checkouts (cell, ask_at) where state = 'open';

-- What one payment of so much is asked by, of which pay_links has the page.
create table payment_requests (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C",
    amount             bigint not null,
    currency           text not null,
    description        text,
    payment_link_id    text collate "C" not null,
    target             text not null,
    owner_id           text collate "C" not null,
    customer_id        text collate "C" not null,
    bill_ids           jsonb,
    status             text not null,           -- active, and over by expires_at: expired
    payment_id         text collate "C",        -- the payment that it became
    expires_at         timestamptz not null,
    metadata           jsonb,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint payment_requests_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint payment_requests_link_exists
        foreign key (cell, tenant_id, payment_link_id) references pay_links (cell, tenant_id, id),
    constraint payment_requests_status_is_known check (
        status in ('active', 'paid', 'expired', 'failed') and (status = 'paid') = (payment_id is not null)
    ),
    constraint payment_requests_amount_is_safe check (amount between 1 and 9007199254740991)
);

create index payment_requests_by_customer on payment_requests (cell, tenant_id, customer_id, id);

-- Receipts and statements that somebody asked to be sent, and what became of that.
create table mails (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C",        -- of a form that was sent: sent twice, it is one mail
    kind               text not null,
    customer_id        text collate "C" not null,
    account_id         text collate "C",
    payment_id         text collate "C",
    first_on           date,
    last_on            date,
    payment_link_id    text collate "C",
    asked_by           text not null,
    address            text not null,
    language           text not null,
    state              text not null,
    attempts           bigint not null,
    is_unclear         boolean not null,        -- whether an attempt ended without a clear answer
    reason             text,
    sent_at            timestamptz,
    leased_until       timestamptz,             -- who sends it has it until then; past and there: nobody knows
    created_at         timestamptz not null,
    next_attempt_at    timestamptz not null default now(),  -- by the server's time
    primary key (cell, tenant_id, id),
    constraint mails_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint mails_customer_exists foreign key (cell, tenant_id, customer_id) references customers (cell, tenant_id, id),
    constraint mails_kind_is_known check (
        kind in ('receipt', 'statement') and (kind = 'receipt') = (payment_id is not null)
        and (kind = 'statement') = (first_on is not null and last_on is not null)
    ),
    constraint mails_state_is_known check (
        state in ('waiting', 'sent', 'failed') and (state = 'sent') = (sent_at is not null)
        and asked_by in ('merchant', 'customer')
    )
);

create index mails_by_customer on mails (cell, tenant_id, customer_id, id);
create index mails_to_be_sent on mails (cell, tenant_id, next_attempt_at) where state = 'waiting';

-- What each payment was applied to: owner_id is a bill's, an account's or a customer's. Each has its entry there.
create table payment_applications (
    cell       integer not null,
    tenant_id  integer not null,
    payment_id text collate "C" not null,
    number     smallint not null,               -- 1, 2, 3 … within one payment
    id         text collate "C" not null,
    owner_id   text collate "C" not null,
    amount     bigint not null,
    released   bigint not null default 0,       -- what of it is held again, or was since
    not_restored bigint not null default 0,     -- what of it could not be taken back when the payment was reversed …
    not_restored_reason text,                   -- … and why
    primary key (cell, tenant_id, payment_id, number),
    constraint payment_applications_come_to_no_less_than_nothing check (
        released between 0 and amount and not_restored between 0 and amount - released
        and (not_restored > 0) = (not_restored_reason is not null)
    ),
    constraint payment_applications_payment_exists
        foreign key (cell, tenant_id, payment_id) references payments (cell, tenant_id, id),
    constraint payment_applications_amount_is_safe check (amount between 1 and 9007199254740991)
);

-- Every key and value of every object's metadata, for lists filtered by them. pair is the MD5 of key and value.
create table metadata_pairs (
    cell      integer not null,
    tenant_id integer not null,
    pair      bytea not null,
    object_id text collate "C" not null,
    primary key (cell, tenant_id, pair, object_id)
);

-- The ledger: every change of a balance, once, for good. owner_id is an account's, a customer's, a bill's (whose balance
-- is what is settled of it: paid or credited), or a payment's (whose balance is what is held of it). The database itself
-- refuses to change or remove a row; whoever gets round that breaks the chain of hashes.
create table entries (
    cell            integer not null,
    tenant_id       integer not null,
    owner_id        text collate "C" not null,
    number          bigint not null,    -- 1, 2, 3 … within one owner
    id              text collate "C" not null,
    kind            text not null,
    currency        text not null,
    amount          bigint not null,
    balance_after   bigint not null,
    reason          text,
    request_id      text not null,      -- the request that caused it …
    idempotency_key text,               -- … and the key it came under
    created_at      timestamptz not null,
    hash            bytea not null,     -- SHA-256 over the hash before it and everything else
    payment_id      text collate "C",   -- … and the payment, where it is one's or its reversal's
    actor           text collate "C",   -- who did it: the id of the API key, or system; null: it is older than that
    version         smallint not null default 1,    -- of what the hash is made of
    external_reference text collate "C",    -- the caller's own name for it
    salt            bytea,              -- from version 2 on the hash is made of a digest of the texts with this salt …
    digest          bytea,              -- … which is kept in their place, and its, once they are erased
    primary key (cell, tenant_id, owner_id, number),
    constraint entries_kind_is_known check (
        kind in ('opening', 'adjustment', 'payment', 'reversal', 'closing', 'release', 'credit', 'credit_reversal',
                 'hold', 'application', 'refund')
    ),
    constraint entries_of_payments_name_them check (
        (kind in ('payment', 'reversal', 'release', 'hold', 'application', 'refund')) = (payment_id is not null)
    ),
    constraint entries_first_is_the_balance check (number > 1 or amount = balance_after),
    constraint entries_are_safe check (
        amount between -9007199254740991 and 9007199254740991
        and balance_after between -9007199254740991 and 9007199254740991
    ),
    constraint entries_hash_is_one check (length(hash) = 32),
    constraint entries_prove_their_texts check (
        case version
            when 1 then num_nonnulls(actor, external_reference, salt, digest) = 0
            when 2 then num_nonnulls(salt, digest) = 1
                and (digest is null or num_nonnulls(reason, idempotency_key, external_reference) = 0)
            else false
        end
    )
);

-- A charge that comes again under another idempotency key is known by its name.
create unique index entries_reference_is_unique on entries (cell, tenant_id, owner_id, external_reference)
    where external_reference is not null;

create function refuse_to_change_entries() returns trigger language plpgsql as $$
begin
    raise exception 'entries are immutable: correct a balance with another entry';
end
$$;

create trigger entries_are_immutable before update or delete on entries
    for each row execute function refuse_to_change_entries();

create trigger entries_are_not_truncated before truncate on entries
    for each statement execute function refuse_to_change_entries();

-- News of a change, written in the transaction of the change. data is the object as it was then, as it was shown. Once
-- an event is forgotten nothing is left of it, or its number alone where it was the last of its object.
--
-- sequence orders the events of an object; two transactions cannot both write its next one. position orders all events,
-- and rises with sequence: whoever writes the next event of an object has read the one before. A transaction has locked
-- this table for writing before it takes a position, as every INSERT does, so that whoever knows which of those have
-- ended knows up to which position nothing can come any more.
create sequence event_positions;

create table events (
    cell       integer not null,
    tenant_id  integer not null,
    id         text collate "C" not null,
    type       text not null,
    object_id  text collate "C" not null,
    data       json,
    created_at timestamptz not null,
    sequence   bigint not null,         -- among the events of its object, from 1
    position   bigint not null
        default case when pg_current_xact_id() is not null then nextval('event_positions') end,
    actor      text collate "C",        -- who did it: the id of the API key, or system; null: it is older than that
    primary key (cell, tenant_id, id)
);

create unique index events_by_object on events (cell, tenant_id, object_id, sequence);
create unique index events_by_type on events (cell, tenant_id, type, position) where data is not null;

-- Forgets up to so many events of one type from after a position and before a time, and says how many, and the position
-- and time of the last. Of an object's last event its number is kept, so that the next one goes on from there. Events
-- are nobody else's to change or remove but the schema's owner's, so a server asks this, which forgets nothing that is
-- younger than a week.
create function forget_events(
    cell integer, tenant_id integer, type text, before timestamptz, after bigint, number_max integer,
    out number bigint, out last_position bigint, out last_created_at timestamptz
) language sql security definer
begin atomic
    with old as materialized (
        select o.place, o.position, o.created_at,
               not exists (select from events later
                            where later.cell = $1 and later.tenant_id = o.tenant_id and later.object_id = o.object_id
                              and later.sequence > o.sequence) as is_last
          from (select e.ctid as place, e.* from events e
                 where e.cell = $1 and e.tenant_id = $2 and e.type = $3 and e.data is not null and e.position > $5
                 order by e.position
                 limit $6) as o
         where o.created_at < least($4, now() - interval '7 days')
    ), emptied as (
        update events e set data = null, actor = null
          from old
         where e.cell = $1 and e.ctid = old.place and old.is_last
     returning e.id
    ), deleted as (
        delete from events e
         using old
         where e.cell = $1 and e.ctid = old.place and not old.is_last
     returning e.id
    ), noted as (
        update tenants t
           set events_forgotten_to = greatest(t.events_forgotten_to, (select max(old.position) from old))
         where t.cell = $1 and t.id = $2 and exists (select from old)
    )
    select (select count(*) from emptied) + (select count(*) from deleted), max(old.position), max(old.created_at)
      from old;
end;

revoke execute on function forget_events(integer, integer, text, timestamptz, bigint, integer) from public;

-- Where a merchant wants its events sent, and how far they were.
create table webhook_endpoints (
    cell             integer not null,
    tenant_id        integer not null,
    id               text collate "C" not null,
    url              text not null,
    event_types      text[],             -- null: all
    description      text,
    status           text not null default 'enabled',
    disabled_reason  text,
    secret           text not null,      -- it must be known to sign, so no hash of it would do
    old_secret       text,               -- signs too, until old_secret_until
    old_secret_until timestamptz,
    position         bigint not null,    -- every event up to here was delivered, or waits in a lane
    failures         bigint not null default 0, -- attempts in a row that failed
    failing_since    timestamptz,
    held_until       timestamptz,        -- nothing new is tried before this
    leased_by        text,               -- who delivers to it …
    leased_until     timestamptz,        -- … and until when, should it die
    created_at       timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint webhook_endpoints_status_is_known check (
        case status
            when 'enabled' then disabled_reason is null
            when 'disabled' then disabled_reason in ('asked', 'failing', 'gone')
            else false
        end
    ),
    constraint webhook_endpoints_lease_is_whole check ((leased_by is null) = (leased_until is null))
);

-- Whoever delivers is told when there is somebody to deliver to, and need not look while there is nobody.
create function tell_of_webhook_endpoints() returns trigger language plpgsql as $$
begin
    perform pg_notify('dues_webhook_endpoints', '');
    return null;
end;
$$;

create trigger webhook_endpoints_are_announced after insert or update of status on webhook_endpoints
    for each statement execute function tell_of_webhook_endpoints();

-- The events of one object that one endpoint has still to get, one after the other: because one of them failed, or
-- because they were asked for again.
create table webhook_lanes (
    cell            integer not null,
    tenant_id       integer not null,
    endpoint_id     text collate "C" not null,
    id              text collate "C" not null,
    object_id       text collate "C" not null,
    sequence        bigint not null,     -- of the event that is next
    last_sequence   bigint,              -- of the last; null: as far as its endpoint is
    any_type        boolean not null default false, -- whether it was asked for by name: it is sent whatever its type
    failed_only     boolean not null default false, -- of these events, those whose deliveries failed
    attempts        integer not null default 0,     -- of the event that is next
    next_attempt_at timestamptz not null,
    primary key (cell, tenant_id, endpoint_id, id)
);

create unique index webhook_lanes_one_for_what_is_new on webhook_lanes (cell, tenant_id, endpoint_id, object_id)
    where last_sequence is null;
create index webhook_lanes_by_time on webhook_lanes (cell, tenant_id, endpoint_id, next_attempt_at);

-- What is to be sent again to an endpoint: one job at a time, which its worker turns into lanes, object by object.
create table webhook_resends (
    cell        integer not null,
    tenant_id   integer not null,
    endpoint_id text collate "C" not null,
    from_id     text collate "C" not null,            -- events from this id …
    to_id       text collate "C" not null,            -- … to below this one
    to_now      boolean not null,                     -- whether that was the time at which it was asked for
    failed_only boolean not null,                     -- of these, those whose deliveries failed
    object_id   text collate "C" not null default '', -- the events of objects up to this one have their lanes
    primary key (cell, tenant_id, endpoint_id),
    constraint webhook_resends_endpoint_exists foreign key (cell, tenant_id, endpoint_id)
        references webhook_endpoints (cell, tenant_id, id) on delete cascade
);

-- What became of an event at an endpoint: all attempts to deliver it.
create table webhook_deliveries (
    cell            integer not null,
    tenant_id       integer not null,
    endpoint_id     text collate "C" not null,
    event_id        text collate "C" not null,
    event_type      text not null,
    status          text not null,
    attempts        jsonb not null,
    next_attempt_at timestamptz,
    primary key (cell, tenant_id, endpoint_id, event_id),
    constraint webhook_deliveries_status_is_known
        check (status in ('succeeded', 'failed', 'pending') and (status = 'pending') = (next_attempt_at is not null))
);

create index webhook_deliveries_that_failed on webhook_deliveries (cell, tenant_id, endpoint_id, event_id)
    where status = 'failed';

-- The first answer given under each idempotency key, written in the transaction of the work it answers.
create table idempotency_keys (
    cell        integer not null,
    tenant_id   integer not null,
    key         text collate "C" not null,
    fingerprint bytea not null,         -- SHA-256 of method, path and canonical body
    method      text not null,
    path        text not null,
    status      smallint not null,
    body        bytea not null,
    request_id  text not null,
    object_id   text,                   -- what it created or changed; null: it was refused
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    warning     text,                   -- what the answer warned of, in a header
    primary key (cell, tenant_id, key)
);

create index idempotency_keys_by_expiry on idempotency_keys (cell, expires_at);

-- What a key with a daily limit has moved on a day, by currency, after each group that it was in. Two groups that were
-- decided on the same sum cannot both write the next number.
create table key_spendings (
    cell      integer not null,
    tenant_id integer not null,
    key_id    text collate "C" not null,
    day       date not null,            -- by the tenant's clock, in UTC
    number    bigint not null,          -- from 1, every day
    totals    jsonb not null,           -- currency to amount
    primary key (cell, tenant_id, key_id, day, number)
);

create index key_spendings_by_day on key_spendings (cell, day);

-- What takes longer than a request, such as an import: whoever holds its lease carries it on. What it does to the books
-- and its position are one transaction, so that it goes on where it stood.
create table jobs (
    cell            integer not null,
    tenant_id       integer not null,
    id              text collate "C" not null,          -- imp_… or exp_…
    status          text not null,
    input           jsonb not null,                     -- what was asked for
    rows_total      integer not null default 0,
    counts          jsonb not null default '{}',        -- rows by verdict
    position        integer not null default 0,         -- the line up to which it is carried out …
    read_to         bigint not null default 0,          -- … and the byte at which that ends
    bytes_total     bigint not null default 0,
    sha256          bytea,                              -- of the bytes that came in
    error           jsonb,                              -- why it failed
    actor           text collate "C",                   -- who asked for it: the id of the API key, or system
    idempotency_key text collate "C",
    leased_by       text collate "C",
    leased_until    timestamptz,
    is_to_stop      boolean not null default false,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    completed_at    timestamptz,
    expires_at      timestamptz not null,               -- then it is forgotten, with its bytes and its rows
    primary key (cell, tenant_id, id),
    constraint jobs_key_is_unique unique (cell, tenant_id, idempotency_key),
    constraint jobs_status_is_known
        check (status in ('receiving', 'checking', 'applying', 'exporting', 'completed', 'stopped', 'failed')),
    constraint jobs_position_is_inside check (position >= 0 and read_to >= 0 and rows_total >= 0)
);

create index jobs_under_way on jobs (cell, updated_at) where status in ('checking', 'applying', 'exporting');
create index jobs_by_digest on jobs (cell, tenant_id, sha256) where sha256 is not null;
create index jobs_by_expiry on jobs (cell, expires_at);

-- The bytes of a job, a mebibyte each but the last: what came in, or what is to be fetched.
create table job_chunks (
    cell      integer not null,
    tenant_id integer not null,
    job_id    text collate "C" not null,
    number    integer not null,
    data      bytea not null,
    primary key (cell, tenant_id, job_id, number)
);
alter table job_chunks alter column data set storage external;

-- What became of each row of an import. Two rows with the same key are not both carried out.
create table import_rows (
    cell      integer not null,
    tenant_id integer not null,
    import_id text collate "C" not null,
    line      integer not null,         -- of the file, from 1
    ends_at   bigint not null,          -- the byte at which the next row begins
    key       bytea,                    -- null: it has none, or an earlier row has the same
    digest    bytea not null,           -- of all its cells
    verdict   text,                     -- null: it waits
    codes     text[],                   -- what is wrong with it or to be known of it, …
    columns   text[],                   -- … in which column, …
    details   text[],                   -- … and in words
    object_id text collate "C",         -- what it made or changed
    primary key (cell, tenant_id, import_id, line),
    constraint import_rows_key_is_unique unique (cell, tenant_id, import_id, key),
    constraint import_rows_verdict_is_known
        check (verdict in ('created', 'updated', 'unchanged', 'rejected', 'conflict'))
) with (fillfactor = 45);  -- its verdict finds room on the page that a row is on, so that no index is told

-- The last row that was applied for each key: the same again changes nothing.
create table imported_rows (
    cell       integer not null,
    tenant_id  integer not null,
    namespace  text collate "C" not null,       -- of what kind of file the key is one
    key        bytea not null,
    digest     bytea not null,
    object_id  text collate "C" not null,       -- what the key stands for now
    primary key (cell, tenant_id, namespace, key)
);

-- By what a customer of a file is recognised: HMAC-SHA256 of the identity number, and its end. The number is not kept.
create table customer_identities (
    cell        integer not null,
    tenant_id   integer not null,
    customer_id text collate "C" not null,
    digest      bytea not null,
    last_three  text not null,
    primary key (cell, tenant_id, customer_id)
);

create index customer_identities_by_digest on customer_identities (cell, tenant_id, digest);

-- Days that are closed, each closing up to a later one. Of what is closed, the last that was not reopened says up to when.
create table closings (
    cell            integer not null,
    tenant_id       integer not null,
    id              text collate "C" not null,
    from_on         date,                       -- null: it is the first closing, of all that was
    through_on      date not null,
    time_zone       text not null,
    begins_at       timestamptz not null,       -- where the one before it ended
    ends_at         timestamptz not null,
    totals          jsonb not null,             -- the control totals, as they were shown
    actor           text collate "C",           -- who closed it: the id of the API key, or system
    created_at      timestamptz not null,
    reopened_at     timestamptz,
    reopened_reason text,
    reopened_actor  text collate "C",
    primary key (cell, tenant_id, id),
    constraint closings_are_of_some_time check (begins_at < ends_at and ends_at <= created_at),
    constraint closings_are_reopened_for_a_reason check ((reopened_at is null) = (reopened_reason is null))
);

create unique index closings_in_force on closings (cell, tenant_id, ends_at) where reopened_at is null;

-- What was entered of days that were closed already, and why.
create table late_entries (
    cell           integer not null,
    tenant_id      integer not null,
    id             text collate "C" not null,
    object_id      text collate "C" not null,
    dated_on       date not null,
    closed_through date not null,
    reason         text not null,
    request_id     text not null,
    actor          text collate "C",
    created_at     timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint late_entries_are_late check (dated_on <= closed_through)
);

-- Has no rows. Whoever enters something of a day that is over writes here what they know to be closed: a trigger refuses
-- it where that has changed, and while their transaction lasts nobody closes anything. So of a closing and an entry at
-- once, one sees the other. An advisory lock, since there is no row for the first closing.
create table closing_checks (
    cell      integer not null,
    tenant_id integer not null,
    closed_to timestamptz,
    primary key (cell, tenant_id)
);

create function lock_closings() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('closings', new.tenant_id));
    return new;
end
$$;

create trigger closings_are_one_at_a_time before insert or update on closings
    for each row execute function lock_closings();

create function check_closing() returns trigger language plpgsql as $$
begin
    -- A node of Citus may not look at another table there.
    if exists (select from pg_extension where extname = 'citus') then
        return null;
    end if;
    perform pg_advisory_xact_lock_shared(hashtextextended('closings', new.tenant_id));
    if new.closed_to is distinct from (
        select max(c.ends_at) from closings c
         where c.cell = new.cell and c.tenant_id = new.tenant_id and c.reopened_at is null
    ) then
        raise serialization_failure using message = 'what is closed has changed meanwhile';
    end if;
    return null;
end
$$;

create trigger closing_checks_are_made before insert on closing_checks
    for each row execute function check_closing();

-- Takes a look at how large a table is, for the planner: only its owner may.
create function analyze_table(name regclass)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    execute format('analyze %s', name);
end
$$;

revoke execute on function analyze_table(regclass) from public;

-- Which migrations have run; written by the migrator alone.
create table schema_migrations (
    name       text primary key,
    applied_at timestamptz not null default now()
);

-- The desk -------------------------------------------------------------------------------------------------------

-- Who works there. Passwords are hashed with argon2; what codes are made of is encrypted, where there is a key for it.
create table people (
    id              text collate "C" primary key,
    merchant_id     text collate "C" not null references merchants,
    email           text not null,
    name            text not null,
    role            text not null,
    password_hash   text not null,
    totp_secret     text,
    totp_last_step  bigint not null default 0,
    created_at      timestamptz not null,
    removed_at      timestamptz,
    constraint people_role_is_known check (role in ('viewer', 'support', 'cashier', 'accountant', 'admin'))
);

create unique index people_by_email on people (email) where removed_at is null;
create index people_by_merchant on people (merchant_id, id);

-- Links by which people come in, once.
create table invitations (
    id           text collate "C" primary key,
    merchant_id  text collate "C" not null references merchants,
    email        text not null,
    role         text not null,
    token_sha256 bytea not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    used_at      timestamptz,
    constraint invitations_token_is_unique unique (token_sha256),
    constraint invitations_role_is_known check (role in ('viewer', 'support', 'cashier', 'accountant', 'admin'))
);

-- Who is logged in, found by the SHA-256 of a token that their browser has.
create table sessions (
    id           text collate "C" primary key,
    person_id    text collate "C" not null references people,
    token_sha256 bytea not null,
    mode         text not null,
    address      text not null,
    browser      text not null,
    created_at   timestamptz not null,
    seen_at      timestamptz not null,
    ended_at     timestamptz,
    constraint sessions_token_is_unique unique (token_sha256),
    constraint sessions_mode_is_known check (mode in ('test', 'live'))
);

create index sessions_by_person on sessions (person_id, id);

-- What people did: one row for each write, in its transaction.
create table audit (
    cell       integer not null,
    tenant_id  integer not null,
    id         text collate "C" not null,
    actor      text collate "C" not null,
    operation  text not null,
    object_id  text collate "C" not null,
    request_id text collate "C" not null,
    address    text not null,
    created_at timestamptz not null,
    primary key (cell, tenant_id, id)
);

create index audit_by_actor on audit (cell, tenant_id, actor, id);
create index audit_by_object on audit (cell, tenant_id, object_id, id);

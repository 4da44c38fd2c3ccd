-- Ageing: what is owed is added up by customer and by age. Each index has all that takes, so that no bill is looked up.

create index bills_by_debtor on bills (cell, tenant_id, currency, customer_id)
    include (id, due_on, bill_on, amount_due, amount_paid, amount_credited)
 where status = 'unpaid';

-- Few: what was paid of them beyond what was due is credit.
create index bills_overpaid on bills (cell, tenant_id, currency, customer_id)
 where status = 'paid' and amount_paid + amount_credited > amount_due;

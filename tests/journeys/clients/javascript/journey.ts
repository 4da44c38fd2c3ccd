// The whole way of an account, with types that were generated from the document. `tsc --strict` has looked at it first.

import createClient from "openapi-fetch";
import type { components, paths } from "./dues.js";

declare const process: { argv: string[] };
const [base, key] = process.argv.slice(2) as [string, string];
const client = createClient<paths, `application/${string}`>({ baseUrl: base, headers: { Authorization: `Bearer ${key}` } });

const fresh = () => ({ "Idempotency-Key": crypto.randomUUID() });
const named = (prefix: string) => `${prefix}-${crypto.randomUUID()}`;

function same(found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
  }
}

const account = named("UAR/2024");
const bill = named("INV");

const opened = await client.POST("/billing/accounts", {
  params: { header: fresh() },
  body: {
    customer: { external_reference: named("CUST"), name: "Jane Doe" },
    external_reference: account,
    currency: "ZAR",
    balance: Number.MAX_SAFE_INTEGER - 1,
    metadata: { plan: "gold" },
  },
});
same(opened.data?.balance, Number.MAX_SAFE_INTEGER - 1);

const path = { account };
const seen = await client.GET("/billing/accounts/{account}", { params: { path } });
same(seen.data, opened.data);

const entry = await client.POST("/billing/accounts/{account}/adjustments", {
  params: { path, header: fresh() },
  body: { amount: 1, reason: "To the last cent" },
});
same(entry.data?.balance_after, Number.MAX_SAFE_INTEGER);

const stale = await client.PATCH("/billing/accounts/{account}", {
  params: { path, header: { "If-Match": seen.response.headers.get("ETag")! } },
  body: { name: "Fibre" },
});
same([stale.response.status, stale.error?.code], [412, "etag_mismatch"]);
const now = await client.GET("/billing/accounts/{account}", { params: { path } });
const changed = await client.PATCH("/billing/accounts/{account}", {
  params: { path, header: { "If-Match": now.response.headers.get("ETag")! } },
  body: { name: "Fibre", balance: 0 },
});
same([changed.data?.name, changed.data?.balance], ["Fibre", 0]);

const made = await client.POST("/billing/bills", {
  params: { header: fresh() },
  body: { external_reference: bill, currency: "ZAR", amount_due: 150_000, account },
});
same(made.data?.status, "unpaid");

const payment = { external_reference: named("EFT"), amount: 150_000, currency: "ZAR", bill };
const preview = await client.POST("/billing/payments", {
  params: { header: fresh(), query: { preview: true } },
  body: payment,
});
same(preview.response.status, 200);
const paid = await client.POST("/billing/payments", { params: { header: fresh() }, body: payment });
if (!paid.data || !("id" in paid.data)) throw new Error("it was not paid");
const back = await client.POST("/billing/payments/{payment}/reverse", {
  params: { path: { payment: paid.data.id }, header: fresh() },
  body: { reason: "bounced" },
});
same([back.data?.status, back.data?.reversal?.reason], ["reversed", "bounced"]);

const bills = await client.GET("/billing/bills", { params: { query: { account, currency: "ZAR", status: "unpaid" } } });
same(bills.data?.data.map((one) => one.external_reference), [bill]);
const dear = await client.GET("/billing/bills", { params: { query: { amount: { gte: 150_000 }, order: "-amount" } } });
same(dear.data?.data.map((one) => one.external_reference), [bill]);
for (const [plan, found] of [["gold", [account]], ["silver", []]] as const) {
  const listed = await client.GET("/billing/accounts", { params: { query: { metadata: { plan } } } });
  same(listed.data?.data.map((one) => one.external_reference), found);
}

const wrong = await client.POST("/billing/accounts", {
  params: { header: fresh() },
  body: { customer: "", external_reference: "x", currency: "zar" },
});
const problem: components["schemas"]["Problem"] | undefined = wrong.error;
same([wrong.response.status, problem?.code], [400, "validation_failed"]);
same(problem?.errors?.map((one) => one.pointer), ["/customer", "/currency"]);

// A status of later is a string too: a client that was compiled before it takes it.
const later: components["schemas"]["Bill"] = { ...made.data!, status: "disputed" };
same(later.status, "disputed");

console.log("The whole way.");

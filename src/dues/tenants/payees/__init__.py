"""Who is paid: the merchant behind a tenant, as its customers are shown it."""

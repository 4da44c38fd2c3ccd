"""Webhook endpoints: where events are sent, what became of them there, and sending them again."""

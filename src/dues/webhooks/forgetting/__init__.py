"""What became of deliveries is kept as long as their events are."""

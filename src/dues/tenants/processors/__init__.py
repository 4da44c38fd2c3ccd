"""By which accounts at processors merchants are paid."""

"""Payment requests: one payment that is asked for, on Moment's paths; made, changed, called off, listed."""

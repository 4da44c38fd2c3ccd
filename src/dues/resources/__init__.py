"""The nouns of the API, a room for each: commands named after their verbs, reads, SQL and JSON shapes."""

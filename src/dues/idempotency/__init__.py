"""A request sent twice is carried out once: the first answer is stored with the work, and given again."""

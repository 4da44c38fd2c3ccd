"""The journal: movements of money as double entries, for the programs that accountants use."""

"""The folder of a closing: everything that an auditor asks for, in one ZIP file that proves itself."""

"""Adapters of the heavy libraries, one module each; nothing is imported before it is used."""

"""Runs on disk: found, read, ranked, tidied up."""

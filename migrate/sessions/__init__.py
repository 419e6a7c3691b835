"""Runbooks and what becomes of them when people follow one: parse, check, and a session as a fold over its log.

Pure: text and events in, values out. What runs a command, asks a person or looks at a server is handed in by `cli`.
"""

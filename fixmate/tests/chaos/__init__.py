"""Faults on purpose: `make chaos` breaks processes, servers and clocks under load, and counts what came of it.

Real PostgreSQL, Redis, web, Celery and work processes; nothing here is imported by what runs in production.
"""

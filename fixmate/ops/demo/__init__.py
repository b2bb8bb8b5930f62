"""`manage.py demo`: the main job, driven over HTTP by customers, technicians and staff.

Nothing in here touches the database: what happens, happens because somebody asked the server for it.
"""

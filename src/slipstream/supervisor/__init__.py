"""The standalone supervisor: starts the services as processes, keeps them up, stops them all.

It imports no service and opens no database: it has to start at once and to stay small.
"""

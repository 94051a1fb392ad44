"""The standalone supervisor: forks the services, keeps them up, stops them all.

It opens no database and starts no thread or event loop, so that its forks are safe at any time;
what they share they get from it already imported (``slipstream.cli.service.standalone`` says what).
"""

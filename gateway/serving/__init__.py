"""Serve both apps behind one ASGI callable."""

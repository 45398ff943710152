"""Who asks, and whether they may: certificates, tokens, users, roles.

May import storage/. What decides is pure (authorization.py, escalation.py); what reads stored roles for it is
rbac.py.
"""

"""Test environments only: takes mail by SMTP and webhooks by HTTP, and lets a test read what arrived."""

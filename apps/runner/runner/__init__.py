"""Shows a form to whoever fills it in, keeps the answers in between, hands them to the submitter."""

"""Takes a form's submissions, queues them, and sends them out as email with PDF, CSV and JSON webhook."""

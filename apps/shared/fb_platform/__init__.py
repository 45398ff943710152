"""What the Form Builder apps share: settings, log lines, the web server, tokens."""

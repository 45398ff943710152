"""The platform's seven apps as skeletons: a git repository each, with code, chart, checks and configuration.

table.py says what differs between them, charts.py puts their charts together from parts/, repositories.py
makes the git repositories (theirs, the shared configuration's, the secrets', the suites'), configuration.py
the files that the pipeline reads: nothing else tells it of them. story.py takes them from a commit to
production, on the sandbox and on real Kubernetes. What an eighth app needs is a row in the table.
"""

"""Files of manifests to objects: which count, Jinja, YAML and JSON as kubectl reads them, what is refused.

templates.py renders, documents.py reads what came out, whole.py takes lists apart and looks at each object. A
field that must be text is a row in texts.py; a kind of file that counts is in folder.py. What fails names the
file and the line that somebody wrote, and nothing that may be a secret.
Imports base.
"""

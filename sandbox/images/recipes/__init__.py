"""From a Dockerfile to a recipe: its instructions, its variables, .dockerignore, and how all that is refused.

Pure, and imports nothing else of the sandbox. An instruction more goes into dockerfile.py (its form) and
recipe.py (its meaning); what then does it is in building/.
"""

"""What code in any language needs around its commands: prepared once, an environment, services beside it.

Which programs and files those are is data, in [languages.<name>] of apps.toml: nothing here knows a language.
What has to outlive a run that is killed, to clean up after it, is in keeping/.
Imports base, checks, checks/stages, settings.
"""

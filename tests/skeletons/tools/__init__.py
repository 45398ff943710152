"""Programs as Ruby and Node have them, small: what they leave is what the real ones leave.

`bundle` (with rubocop, brakeman, bundle-audit, rspec behind `bundle exec`), `npm` and `npx` (eslint). They
look at the skeleton's own code. shims.py puts them on a PATH; a program more is a module and a row there.
"""

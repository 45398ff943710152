"""What can be typed where this is used: advice says make; an app's own repository has another word for it.

A way more to call the toolkit is a row in advice.py. What follows the first words is the same in each.
Imports nothing of the toolkit.
"""

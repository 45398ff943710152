"""What every part of the sandbox rests on: kinds, quantities, quotas, copies, files, and the API's client.

Imports nothing else of the sandbox. Here belongs only what two of its parts need (api, controllers, node,
images, the command line) and none of them owns; what one part needs goes into a room of that part.
"""

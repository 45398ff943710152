"""Which addresses are behind a Service: Endpoints and EndpointSlices.

May import machinery/. What decides is pure (endpoint_plan.py); connections are passed on by the node.
"""

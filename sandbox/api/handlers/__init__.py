"""What answers each verb and subresource."""

"""国家反馈: the ministry's list is matched with what was reported; what cannot be matched beyond doubt waits for an officer."""

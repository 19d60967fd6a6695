"""高频调度: a light sheet every week for what is listed and not signed, a report every month for all that is listed."""

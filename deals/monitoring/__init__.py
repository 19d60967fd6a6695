"""监测: how far the money came, who answered, and how evenly it fell."""

"""The demonstration province: invented people and applications going through the same steps as real ones."""

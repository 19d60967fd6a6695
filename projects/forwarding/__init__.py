"""上报: a unit gathers the cases it has done with, freezes the list, stamps the letter, and sends them up together."""

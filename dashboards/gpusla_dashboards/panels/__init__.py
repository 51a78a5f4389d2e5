"""What a page is made of: panels in our own words, and the files that make them Grafana's."""

"""
Draws the pages from their JSON and a real Prometheus, where no Grafana can be had.

It is a preview: the grid, the queries, the units and the colours are those of the JSON, the drawing
is ours. Grafana draws the same figures in its own way.
"""

from gpusla_dashboards.preview.draw import Drawn, draw, save
from gpusla_dashboards.preview.prometheus import Window

__all__ = ["Drawn", "Window", "draw", "save"]

"""The memo's charts, drawn with Altair and set inline as SVG."""

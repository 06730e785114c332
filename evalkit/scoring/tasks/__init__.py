"""How the answers of each task are judged, and what a tally keeps of them: a file per task."""

"""What evalkit keeps on disk: the response cache and the folders of runs."""

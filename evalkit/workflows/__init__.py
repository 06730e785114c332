"""One file per use case: joins the rooms."""

"""`evalkit init`: a commented suite for the user's own file, after a look at its columns."""

from evalkit.workflows.init.workflow import InitOptions, InitResult, init_suite

__all__ = ["InitOptions", "InitResult", "init_suite"]

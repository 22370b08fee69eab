"""`python -m crm_core.cli`: the command line without its console script."""

from crm_core.cli.app import main

main()

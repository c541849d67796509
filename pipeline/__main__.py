"""`python -m pipeline` is `glosa`."""

from pipeline.cli import main

main()

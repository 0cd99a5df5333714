"""What the commands of the terminal do; :mod:`router.cli` names them."""

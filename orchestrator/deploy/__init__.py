"""Templates that start Ray on a cluster's nodes, and a study on Ray; `commands_deploy.py` fills them."""

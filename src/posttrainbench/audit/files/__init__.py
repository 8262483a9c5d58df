"""Files of hostile origin: opened, walked, quoted and deleted without ever following them."""

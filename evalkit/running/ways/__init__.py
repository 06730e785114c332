"""How requests are asked: live, at a given rate, by batch, on a cluster. One small file each."""

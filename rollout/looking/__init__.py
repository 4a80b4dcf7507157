"""What one look at the world leads to, phase by phase. machine.decide is the only way in."""

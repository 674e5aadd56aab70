"""Run folders: JSON lines are the truth; everything else can be made from them."""

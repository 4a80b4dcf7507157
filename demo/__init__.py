"""A workspace and a cloud to try Tidegate in, on this machine only. Imports no other room."""
